// Package blobstore keeps checkpoints in an object store: S3, Google Cloud Storage, Azure Blob Storage, or whatever else
// gocloud.dev/blob can open.
//
//	store, err := s3store.Open(ctx, "s3://bucket/fraud?region=eu-central-1", blobstore.Options{})
//	if err != nil { … }
//	defer store.Close()
//	job := stream.NewJob("fraud", stream.CheckpointStore(store), stream.StateDir("local"))
//
// The packages s3store, gcsstore and azurestore open one kind each, so that a program links the client of the store that
// it uses and no other. Credentials come from where these clients look for them: the environment, the machine's role.
//
// # Concepts
//
// An object store has no folders to bring to a disk and no unfinished files: an object appears as a whole, durable, when
// its upload has ended, or not at all. So Put and PutAtomic are the same thing here, and Create is a conditional upload.
//
//	snapshot.Repository ── snapshot.Store ── Retry ── Store ── *blob.Bucket ── HTTP ── the cloud
//	                                          │         └── a size that differs is an upload gone wrong
//	                                          └── backoff; a limit for each try: clients by themselves may try for ever
//
// # Invariants
//
//  1. An upload that fails, or whose local file cannot be read to its end, leaves no object.
//  2. An object of another size than its file is not taken for stored.
//  3. Every call ends, within the tries and the time that Options give it.
//
// It does not encrypt, nor set classes of storage or lifetimes: buckets do. A lifetime rule of the bucket must not
// remove checkpoints that a job may still want; retention is the job's own.
package blobstore
