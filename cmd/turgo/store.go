package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/blobstore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/azurestore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/gcsstore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/s3store"
)

// openStore opens the store that an argument names. written says that it may be made.
func openStore(ctx context.Context, at string, written bool) (snapshot.Store, func(), error) {
	scheme, _, isURL := strings.Cut(at, "://")
	if !isURL {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && written:
		case err != nil:
			return nil, nil, err
		case !info.IsDir():
			return nil, nil, fmt.Errorf("%s is a file, not the directory of a job's state", at)
		}
		return snapshot.NewDir(vfs.Default, at), func() {}, nil
	}
	var store *blobstore.Store
	var err error
	switch scheme {
	case s3store.Scheme:
		store, err = s3store.Open(ctx, at, blobstore.Options{})
	case gcsstore.Scheme:
		store, err = gcsstore.Open(ctx, at, blobstore.Options{})
	case azurestore.Scheme:
		store, err = azurestore.Open(ctx, at, blobstore.Options{})
	default:
		err = fmt.Errorf("%s: there are no stores of the kind %q; there are %s, %s and %s", at, scheme, s3store.Scheme, gcsstore.Scheme, azurestore.Scheme)
	}
	if err != nil {
		return nil, nil, err
	}
	return store, func() { _ = store.Close() }, nil // it was only read, or what was written has been acknowledged
}

// cutID cuts the checkpoint's id off STORE@ID; 0 if there is none.
func cutID(arg string) (store string, id uint64, err error) {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 || strings.ContainsAny(arg[at:], `/\`) {
		return arg, 0, nil
	}
	id, err = strconv.ParseUint(arg[at+1:], 10, 64)
	if err != nil || id == 0 {
		return "", 0, fmt.Errorf("%q: behind the @ belongs the number of a checkpoint", arg)
	}
	return arg[:at], id, nil
}

// readManifest reads the manifest that CHECKPOINT names: without an id the newest that can be read.
func readManifest(ctx context.Context, arg string) (*snapshot.Manifest, snapshot.Store, func(), error) {
	at, id, err := cutID(arg)
	if err != nil {
		return nil, nil, nil, err
	}
	store, closeStore, err := openStore(ctx, at, false)
	if err != nil {
		return nil, nil, nil, err
	}
	var m *snapshot.Manifest
	if id == 0 {
		m, err = snapshot.Latest(ctx, store)
	} else {
		m, err = snapshot.Read(ctx, store, id)
	}
	if err != nil {
		closeStore()
		return nil, nil, nil, explained(at, id, err)
	}
	return m, store, closeStore, nil
}

func explained(at string, id uint64, err error) error {
	switch {
	case errors.Is(err, snapshot.ErrNone):
		return fmt.Errorf("%s holds no checkpoints; is it the directory of stream.StateDir, or the URL of stream.CheckpointStore?", at)
	case errors.Is(err, snapshot.ErrNotFound) && id != 0:
		return fmt.Errorf("%s has no checkpoint %d; turgo checkpoint ls %s lists them", at, id, at)
	}
	return err
}

// openCheckpoint opens CHECKPOINT for reading its entries.
func openCheckpoint(ctx context.Context, arg string) (*snapshot.Savepoint, func(), error) {
	at, id, err := cutID(arg)
	if err != nil {
		return nil, nil, err
	}
	store, closeStore, err := openStore(ctx, at, false)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "turgo-")
	if err != nil {
		closeStore()
		return nil, nil, err
	}
	s, err := snapshot.Open(ctx, store, id, snapshot.OpenOptions{FS: vfs.Default, Dir: filepath.Join(dir, "checkpoint")})
	if err != nil {
		closeStore()
		return nil, nil, errors.Join(explained(at, id, err), os.RemoveAll(dir))
	}
	return s, func() {
		_ = s.Close() // files of our own, which go with the directory
		closeStore()
		_ = os.RemoveAll(dir)
	}, nil
}
