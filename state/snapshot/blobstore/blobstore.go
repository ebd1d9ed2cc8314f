package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/turgo-io/turgo/state/snapshot"
)

// Options of a store. The zero value is good.
type Options struct {
	// Retry says how often and how long is tried.
	Retry snapshot.RetryOptions
	// PartBytes is what is held in memory of each upload under way. 0: 8 MiB. S3 takes no less than 5 MiB.
	PartBytes int
}

const defaultPartBytes = 8 << 20

// Store is a snapshot.Store in a bucket, with retries.
type Store struct {
	snapshot.Store
	bucket *blob.Bucket
}

// New returns a store in a bucket, which Close closes.
func New(bucket *blob.Bucket, o Options) *Store {
	if o.PartBytes == 0 {
		o.PartBytes = defaultPartBytes
	}
	return &Store{snapshot.Retry(&objects{bucket, o.PartBytes}, o.Retry), bucket}
}

// Close gives the connections back.
func (s *Store) Close() error { return s.bucket.Close() }

// Open opens a store by its URL: scheme://bucket/prefix?options. The options are those of the driver of gocloud.dev/blob
// for that scheme, which the program must have imported; s3store, gcsstore and azurestore do that.
func Open(ctx context.Context, scheme, rawURL string, o Options) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("blobstore: %w: want %s://bucket/prefix", err, scheme)
	}
	if u.Scheme != scheme || u.Host == "" {
		return nil, fmt.Errorf("blobstore: %q is not of the form %s://bucket/prefix", rawURL, scheme)
	}
	prefix := strings.Trim(u.Path, "/")
	u.Path, u.RawPath = "", ""
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("blobstore: opening %s://%s: %w", scheme, u.Host, err)
	}
	if prefix != "" {
		bucket = blob.PrefixedBucket(bucket, prefix+"/")
	}
	return New(bucket, o), nil
}

// objects is a snapshot.Store that tries everything once.
type objects struct {
	bucket    *blob.Bucket
	partBytes int
}

// fault gives an error its class.
func fault(verb, name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("blobstore: %s %s: %w", verb, name, err)
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return fmt.Errorf("%w: %s %s: %w", snapshot.ErrNotFound, verb, name, err)
	case gcerrors.AlreadyExists, gcerrors.FailedPrecondition:
		return fmt.Errorf("%w: %s %s: %w", snapshot.ErrExists, verb, name, err)
	case gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.Unimplemented:
		return fmt.Errorf("%w: %s %s: %w", snapshot.ErrRefused, verb, name, err)
	}
	return fmt.Errorf("blobstore: %s %s: %w", verb, name, err)
}

// Put implements snapshot.Store.
func (s *objects) Put(ctx context.Context, name string, fs vfs.FS, path string) error {
	f, err := fs.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return fmt.Errorf("blobstore: put %s: %w", name, err)
	}
	return errors.Join(s.upload(ctx, name, f, nil), f.Close())
}

// PutAtomic implements snapshot.Store.
func (s *objects) PutAtomic(ctx context.Context, name string, content []byte) error {
	return s.upload(ctx, name, strings.NewReader(string(content)), nil)
}

// Create implements snapshot.Store.
func (s *objects) Create(ctx context.Context, name string, content []byte) error {
	return s.upload(ctx, name, strings.NewReader(string(content)), func(o *blob.WriterOptions) { o.IfNotExist = true })
}

// upload stores what r gives, all of it or nothing. It is the drivers' Upload, since the writer of one of them fails badly
// if the server does; and only a context that ends keeps all of them from storing what came before a read error.
func (s *objects) upload(ctx context.Context, name string, r io.Reader, set func(*blob.WriterOptions)) error {
	o := &blob.WriterOptions{ContentType: "application/octet-stream", BufferSize: s.partBytes, MaxConcurrency: 1}
	if set != nil {
		set(o)
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &counted{r: r, failed: cancel}
	if err := s.bucket.Upload(inner, name, c, o); err != nil || c.err != nil {
		return fault("put", name, errors.Join(c.err, err))
	}
	return s.check(ctx, name, c.n)
}

// counted counts what is read, and says at once if that fails.
type counted struct {
	r      io.Reader
	n      int64
	err    error
	failed func()
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
		c.failed()
	}
	return n, err
}

// check compares what is stored with what was sent: a proxy between may have cut it.
func (s *objects) check(ctx context.Context, name string, size int64) error {
	a, err := s.bucket.Attributes(ctx, name)
	if err != nil {
		return fault("look at", name, err)
	}
	if a.Size != size {
		return fmt.Errorf("blobstore: put %s: %d bytes arrived of %d", name, a.Size, size)
	}
	return nil
}

// Get implements snapshot.Store.
func (s *objects) Get(ctx context.Context, name string, fs vfs.FS, path string) error {
	r, err := s.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return fault("get", name, err)
	}
	err = save(r, fs, path)
	if err := errors.Join(err, r.Close()); err != nil {
		return fault("get", name, err)
	}
	return nil
}

// save writes what r gives into a new file, and leaves none if that fails.
func save(r *blob.Reader, fs vfs.FS, path string) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if err == nil && n != r.Size() {
		err = fmt.Errorf("%d bytes came of %d: %w", n, r.Size(), io.ErrUnexpectedEOF)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fs.Remove(path))
	}
	return nil
}

// Read implements snapshot.Store.
func (s *objects) Read(ctx context.Context, name string) ([]byte, error) {
	content, err := s.bucket.ReadAll(ctx, name)
	if err != nil {
		return nil, fault("read", name, err)
	}
	return content, nil
}

// List implements snapshot.Store.
func (s *objects) List(ctx context.Context, folder string) (names []string, err error) {
	it := s.bucket.List(&blob.ListOptions{Prefix: path.Clean(folder) + "/", Delimiter: "/"})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names, nil
		}
		if err != nil {
			return nil, fault("list", folder, err)
		}
		if !o.IsDir {
			names = append(names, o.Key)
		}
	}
}

// Delete implements snapshot.Store.
func (s *objects) Delete(ctx context.Context, name string) error {
	if err := s.bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fault("delete", name, err)
	}
	return nil
}
