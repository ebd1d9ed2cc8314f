package azurestore_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/turgo-io/turgo/state/snapshot"
	"github.com/turgo-io/turgo/state/snapshot/blobstore"
	"github.com/turgo-io/turgo/state/snapshot/blobstore/azurestore"
	"github.com/turgo-io/turgo/state/snapshot/snapshottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	snapshottest.TestStore(t, func(t *testing.T) snapshot.Store {
		s := newServer(t)
		t.Setenv("AZURE_STORAGE_ACCOUNT", account)
		t.Setenv("AZURE_STORAGE_KEY", base64.StdEncoding.EncodeToString([]byte("key")))
		url := "azblob://container/jobs/fraud?protocol=http&domain=" + strings.TrimPrefix(s.URL, "http://")
		store, err := azurestore.Open(t.Context(), url, blobstore.Options{PartBytes: 1 << 20})
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, store.Close())
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		})
		return store
	})
}
