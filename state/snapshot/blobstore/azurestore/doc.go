// Package azurestore keeps checkpoints in Azure Blob Storage.
//
//	store, err := azurestore.Open(ctx, "azblob://container/fraud", blobstore.Options{})
//
// The host of the URL is the container. AZURE_STORAGE_ACCOUNT names the account; keys come from AZURE_STORAGE_KEY,
// AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_CONNECTION_STRING, or from what else Azure's identity library finds. The options of the
// URL are those of gocloud.dev/blob/azureblob: storage_account, domain, protocol, localemu.
//
// Package blobstore says what such a store promises. This package is apart so that only programs that use Azure Blob Storage link
// its client.
package azurestore
