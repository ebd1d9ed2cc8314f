// Package gcsstore keeps checkpoints in Google Cloud Storage.
//
//	store, err := gcsstore.Open(ctx, "gs://bucket/fraud", blobstore.Options{})
//
// Keys are the application default credentials of Google's tools: GOOGLE_APPLICATION_CREDENTIALS, or the machine's service
// account. STORAGE_EMULATOR_HOST names another server. Further options of the URL are those of gocloud.dev/blob/gcsblob.
//
// Package blobstore says what such a store promises. This package is apart so that only programs that use Google Cloud Storage link
// its client.
package gcsstore
