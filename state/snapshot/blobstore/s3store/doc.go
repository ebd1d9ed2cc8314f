// Package s3store keeps checkpoints in S3.
//
//	store, err := s3store.Open(ctx, "s3://bucket/fraud?region=eu-central-1", blobstore.Options{})
//
// The options of the URL, as in s3://bucket/fraud?region=eu-central-1, are those of gocloud.dev/blob/s3blob: region, profile,
// endpoint and use_path_style for other servers that speak S3, ssetype and kmskeyid for encryption, and more. Keys come from the
// environment (AWS_ACCESS_KEY_ID …), from the files of the AWS tools, or from the machine's role.
//
// Package blobstore says what such a store promises. This package is apart so that only programs that use S3 link
// its client.
package s3store
