package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/turgo-io/turgo/connector/format"
)

// Client says how a registry is reached.
type Client struct {
	// URLs of the registry; the next is tried when one does not answer.
	URLs []string
	// Subject is what the program's schema is registered under, such as "payments-value". Needed to encode.
	Subject string
	// Register registers the program's schema if the subject does not have it. Without it such a schema is an error.
	Register bool
	// User and Password are sent as basic authentication, Token as a bearer's.
	User, Password, Token string
	// TLS is for https with a CA or certificate of its own.
	TLS *tls.Config
	// HTTP does the requests; nil is one with the settings above.
	HTTP *http.Client
	// Timeout bounds how long a question to the registry is asked again; 0 is 10 s.
	Timeout time.Duration
}

// String hides the credentials.
func (c Client) String() string { return fmt.Sprintf("schema registry %q", c.URLs) }

// GoString hides the credentials.
func (c Client) GoString() string { return c.String() }

func (c *Client) connect() (*sr.Client, error) {
	options := []sr.ClientOpt{sr.URLs(c.URLs...), sr.UserAgent("turgo")}
	if c.HTTP != nil {
		options = append(options, sr.HTTPClient(c.HTTP))
	}
	if c.TLS != nil {
		options = append(options, sr.DialTLSConfig(c.TLS))
	}
	if c.User != "" {
		options = append(options, sr.BasicAuth(c.User, c.Password))
	}
	if c.Token != "" {
		options = append(options, sr.BearerToken(c.Token))
	}
	return sr.NewClient(options...)
}

// Schema is the format of payloads under a schema. avro.Codec and protobuf.Codec are Schemas.
type Schema[T any] interface {
	format.Encoder[T]
	// Schema returns the program's schema and its kind: AVRO, PROTOBUF or JSON.
	Schema() (text, kind string)
	// Reader returns the decoder of payloads that were written under another schema.
	Reader(writer string) (format.Decoder[T], error)
}

// Codec reads and writes framed payloads. Make it with Of.
type Codec[T any] struct {
	client Client
	schema Schema[T]
	index  []int // of a Protobuf message, else nil
	asking sync.Mutex
	sr     *sr.Client // under asking
	err    error

	mu      sync.RWMutex // nothing blocks while it is held
	readers map[int]format.Decoder[T]
	id      int // of the program's schema, -1 until it is known
}

// Of returns the codec of payloads of a schema. What is wrong with the settings is told by Validate.
func Of[T any](client Client, schema Schema[T]) *Codec[T] {
	c := &Codec[T]{client: client, schema: schema, readers: map[int]format.Decoder[T]{}, id: -1}
	if i, ok := schema.(interface{ Index() []int }); ok {
		c.index = i.Index()
	}
	if len(client.URLs) == 0 {
		c.err = errors.New("registry: Client.URLs is empty; give the address of the schema registry")
		return c
	}
	if c.err = format.Check(schema); c.err != nil {
		return c
	}
	if c.sr, c.err = client.connect(); c.err != nil {
		c.err = fmt.Errorf("registry: %w", c.err)
	}
	return c
}

// Validate returns what is wrong with the settings or the schema.
func (c *Codec[T]) Validate() error { return c.err }

// Decode reads a framed payload. A null payload is format.ErrSkip.
func (c *Codec[T]) Decode(data []byte, v *T) error {
	if c.err != nil {
		return c.err
	}
	if data == nil {
		return format.ErrSkip
	}
	id, rest, err := new(sr.ConfluentHeader).DecodeID(data)
	if err != nil {
		return errors.New("registry: the payload has no frame of a schema registry")
	}
	if c.index != nil {
		if rest, err = c.skipIndex(rest); err != nil {
			return err
		}
	}
	d, err := c.reader(id)
	if err != nil {
		return err
	}
	return d.Decode(rest, v)
}

// skipIndex passes the place of the message in its file, which must be that of the program's.
func (c *Codec[T]) skipIndex(data []byte) ([]byte, error) {
	path, rest, err := new(sr.ConfluentHeader).DecodeIndex(data, maxDepth)
	if err != nil {
		return nil, errors.New("registry: the payload's frame has no message index")
	}
	if len(path) != len(c.index) {
		return nil, fmt.Errorf("registry: the payload is message %v of its file, not %v", path, c.index)
	}
	for i := range path {
		if path[i] != c.index[i] {
			return nil, fmt.Errorf("registry: the payload is message %v of its file, not %v", path, c.index)
		}
	}
	return rest, nil
}

// maxDepth bounds how deep a message may lie within others.
const maxDepth = 32

// reader returns the decoder for a writer's schema.
func (c *Codec[T]) reader(id int) (format.Decoder[T], error) {
	c.mu.RLock()
	d := c.readers[id]
	c.mu.RUnlock()
	if d != nil {
		return d, nil
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	var written sr.Schema
	err := c.ask(fmt.Sprintf("schema %d", id), func(ctx context.Context) (err error) {
		written, err = c.sr.SchemaByID(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, kind := c.schema.Schema(); written.Type.String() != kind {
		return nil, fmt.Errorf("registry: schema %d is of kind %s, not %s", id, written.Type, kind)
	}
	if d, err = c.schema.Reader(written.Schema); err != nil {
		return nil, fmt.Errorf("registry: schema %d: %w", id, err)
	}
	c.mu.Lock()
	c.readers[id] = d
	c.mu.Unlock()
	return d, nil
}

// Encode appends a framed payload.
func (c *Codec[T]) Encode(dst []byte, v *T) ([]byte, error) {
	if c.err != nil {
		return dst, c.err
	}
	id, err := c.own()
	if err != nil {
		return dst, err
	}
	out, err := new(sr.ConfluentHeader).AppendEncode(dst, id, c.index)
	if err != nil {
		return dst, fmt.Errorf("registry: frame: %w", err)
	}
	return c.schema.Encode(out, v)
}

// own returns the id of the program's schema.
func (c *Codec[T]) own() (int, error) {
	c.mu.RLock()
	id := c.id
	c.mu.RUnlock()
	if id >= 0 {
		return id, nil
	}
	if c.client.Subject == "" {
		return 0, errors.New("registry: Client.Subject is empty; it says what the schema is registered under, such as payments-value")
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	text, kind := c.schema.Schema()
	s := sr.Schema{Schema: text}
	if err := s.Type.UnmarshalText([]byte(kind)); err != nil {
		return 0, fmt.Errorf("registry: schema of kind %q: %w", kind, err)
	}
	err := c.ask("the schema of "+c.client.Subject, func(ctx context.Context) error {
		if c.client.Register {
			var err error
			id, err = c.sr.RegisterSchema(ctx, c.client.Subject, s, -1, -1) // -1: the registry numbers it
			return err
		}
		r, err := c.sr.LookupSchema(ctx, c.client.Subject, s)
		id = r.ID
		return err
	})
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.id = id
	c.mu.Unlock()
	return id, nil
}
