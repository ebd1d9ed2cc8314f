package gcsstore_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/blobstore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/gcsstore"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

func TestMain(m *testing.M) {
	// A library of a client's counts in a goroutine of its own from its first import on.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

func TestStore(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store {
		server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1"})
		require.NoError(t, err)
		server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
		host := strings.TrimPrefix(server.URL(), "http://")
		server.Backend() // it is in memory
		t.Setenv("STORAGE_EMULATOR_HOST", host)
		store, err := gcsstore.Open(t.Context(), "gs://bucket/fraud?access_id=-", blobstore.Options{})
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, store.Close())
			server.Stop()
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		})
		return store
	})
}
