package gcsstore

import (
	"context"

	_ "gocloud.dev/blob/gcsblob" // the driver

	"github.com/turgo-io/turgo/state/snapshot/blobstore"
)

// Scheme begins the URLs of this kind of store.
const Scheme = "gs"

// Open opens the store that a URL names; see the package comment. Nothing is asked of the network yet, so that a wrong
// bucket or key is the error of the first use.
func Open(ctx context.Context, url string, o blobstore.Options) (*blobstore.Store, error) {
	return blobstore.Open(ctx, Scheme, url, o)
}
