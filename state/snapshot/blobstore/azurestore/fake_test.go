package azurestore_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const account = "account"

// server speaks as much of Azure's blob protocol as a store needs: https://learn.microsoft.com/rest/api/storageservices.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	blobs  map[string][]byte
	blocks map[string][]byte // uploaded, not committed: by blob and id
}

func newServer(t *testing.T) *server {
	s := &server{blobs: map[string][]byte{}, blocks: map[string][]byte{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("x-ms-version", "2023-11-03")
	name := strings.TrimPrefix(r.URL.Path, "/"+account+"/container/")
	q := r.URL.Query()
	switch {
	case q.Get("comp") == "list":
		s.list(w, q.Get("prefix"), q.Get("delimiter"))
	case q.Get("comp") == "block":
		s.blocks[name+" "+q.Get("blockid")] = body
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPut && s.blobs[name] != nil && r.Header.Get("If-None-Match") == "*":
		fail(w, http.StatusConflict, "BlobAlreadyExists")
	case q.Get("comp") == "blocklist":
		s.commit(w, name, body)
	case r.Method == http.MethodPut:
		s.store(w, name, body)
	case s.blobs[name] == nil:
		fail(w, http.StatusNotFound, "BlobNotFound")
	case r.Method == http.MethodDelete:
		delete(s.blobs, name)
		w.WriteHeader(http.StatusAccepted)
	default:
		s.give(w, r, s.blobs[name])
	}
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

func (s *server) store(w http.ResponseWriter, name string, content []byte) {
	s.blobs[name] = append([]byte{}, content...)
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Last-Modified", time.Unix(0, 0).UTC().Format(http.TimeFormat))
	w.WriteHeader(http.StatusCreated)
}

func (s *server) commit(w http.ResponseWriter, name string, body []byte) {
	var list struct {
		Latest []string `xml:"Latest"`
	}
	if err := xml.Unmarshal(body, &list); err != nil {
		fail(w, http.StatusBadRequest, "InvalidXmlDocument")
		return
	}
	content := []byte{}
	for _, id := range list.Latest {
		content = append(content, s.blocks[name+" "+id]...)
		delete(s.blocks, name+" "+id)
	}
	s.store(w, name, content)
}

func (s *server) give(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Last-Modified", time.Unix(0, 0).UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.Header().Set("x-ms-blob-type", "BlockBlob")
	w.Header().Set("x-ms-creation-time", time.Unix(0, 0).UTC().Format(http.TimeFormat))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content)
	}
}

func (s *server) list(w http.ResponseWriter, prefix, delimiter string) {
	var names []string
	for name := range s.blobs {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, delimiter) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, `<?xml version="1.0"?><EnumerationResults><Blobs>`)
	for _, name := range names {
		_, _ = fmt.Fprintf(w, `<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>1</Etag><Content-Length>%d</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`,
			name, time.Unix(0, 0).UTC().Format(http.TimeFormat), len(s.blobs[name]))
	}
	_, _ = io.WriteString(w, `</Blobs><NextMarker/></EnumerationResults>`)
}
