package s3store_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/blobstore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/s3store"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is S3 in this process, behind a handler that can do damage.
type server struct {
	*httptest.Server
	requests atomic.Int64
	harm     atomic.Pointer[func(w http.ResponseWriter, r *http.Request) (done bool)]
}

func newServer(t *testing.T) *server {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("bucket"))
	s := &server{}
	fake := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if harm := s.harm.Load(); harm != nil && (*harm)(w, r) {
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) harmWith(f func(w http.ResponseWriter, r *http.Request) bool) { s.harm.Store(&f) }

func (s *server) open(t *testing.T, o blobstore.Options) *blobstore.Store {
	q := url.Values{"endpoint": {s.URL}, "use_path_style": {"true"}, "region": {"eu-central-1"}}
	store, err := s3store.Open(t.Context(), "s3://bucket/jobs/fraud?"+q.Encode(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestStore(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store { return newServer(t).open(t, blobstore.Options{}) })
}

// TestErrorsOfTheServerPass fails more often than the client itself tries.
func TestErrorsOfTheServerPass(t *testing.T) {
	s := newServer(t)
	var tries atomic.Int64
	store := s.open(t, blobstore.Options{Retry: snapshot.RetryOptions{Sleep: func(context.Context, time.Duration) error {
		tries.Add(1)
		return nil
	}}})
	var n atomic.Int64
	s.harmWith(func(w http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1) > 3 {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	require.NoError(t, store.PutAtomic(t.Context(), "checkpoints/1", []byte("content")))
	require.Positive(t, tries.Load())
	got, err := store.Read(t.Context(), "checkpoints/1")
	require.NoError(t, err)
	require.Equal(t, "content", string(got))
}

// TestATornUploadIsNoUpload has a proxy that keeps half of what it is given and says that all is well.
func TestATornUploadIsNoUpload(t *testing.T) {
	s := newServer(t)
	store := s.open(t, blobstore.Options{Retry: snapshot.RetryOptions{Sleep: noWait}})
	fs := vfs.NewMem()
	content := make([]byte, 50_000)
	f, err := fs.Create("in", vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(content)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	var torn atomic.Int64
	s.harmWith(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || torn.Add(1) > 1 {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		put, err := http.NewRequestWithContext(r.Context(), http.MethodPut, s.URL+r.URL.Path, http.NoBody)
		if err != nil {
			return false
		}
		answer, err := http.DefaultClient.Do(put)
		if err == nil {
			_ = answer.Body.Close()
		}
		w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		w.WriteHeader(http.StatusOK)
		return true
	})
	require.NoError(t, store.Put(t.Context(), "blobs/a", fs, "in"))
	require.Greater(t, torn.Load(), int64(1), "it was sent again")
	require.NoError(t, store.Get(t.Context(), "blobs/a", fs, "out"))
	info, err := fs.Stat("out")
	require.NoError(t, err)
	require.EqualValues(t, len(content), info.Size())
	http.DefaultClient.CloseIdleConnections()
}

// TestAServerThatDoesNotAnswerIsGivenUp: the client's own patience is longer than the store's.
func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	s := newServer(t)
	store := s.open(t, blobstore.Options{Retry: snapshot.RetryOptions{Tries: 2, Timeout: 50 * time.Millisecond, Sleep: noWait}})
	over := make(chan struct{})
	s.harmWith(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-over:
		case <-r.Context().Done():
		}
		return true
	})
	_, err := store.Read(t.Context(), "checkpoints/1")
	require.ErrorContains(t, err, "no answer from the store")
	require.ErrorContains(t, err, "given up after 2 tries")
	close(over)
}

func TestWhatIsForbiddenIsNotTriedAgain(t *testing.T) {
	s := newServer(t)
	store := s.open(t, blobstore.Options{Retry: snapshot.RetryOptions{Sleep: noWait}})
	s.harmWith(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	_, err := store.List(t.Context(), "blobs")
	require.ErrorIs(t, err, snapshot.ErrRefused)
	require.EqualValues(t, 1, s.requests.Load())
}
