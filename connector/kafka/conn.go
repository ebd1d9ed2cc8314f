package kafka

import (
	"context"
	"net"
	"sync"

	"github.com/IBM/sarama"
)

// conn is one connection to a broker. A Kafka connection answers in order, so a fetch that waits for
// data shares it with nothing else; each role of each goroutine has its own.
//
// sarama holds the Broker's lock while a request waits for its answer, so its Close would wait too.
// conn keeps hold of the socket below: abort closes that, and whoever waits returns at once.
type conn struct {
	*sarama.Broker
	addr   string
	cancel context.CancelFunc // ends a dial under way

	mu      sync.Mutex // guards the fields below; nothing blocks while it is held
	socket  net.Conn
	aborted bool
}

// socketDialer is the sarama-side face of conn: sarama dials through it, so conn knows the socket.
type socketDialer struct {
	c    *conn
	ctx  context.Context
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Dial opens the socket of d.c.
func (d socketDialer) Dial(network, address string) (net.Conn, error) {
	socket, err := d.dial(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.c.mu.Lock()
	defer d.c.mu.Unlock()
	if d.c.aborted {
		socket.Close()
		return nil, net.ErrClosed
	}
	d.c.socket = socket
	return socket, nil
}

// open connects to addr and waits until the broker has taken the credentials. It returns early when ctx ends.
func (c *cluster) open(ctx context.Context, addr string) (*conn, error) {
	conf := *c.conf
	if c.files != nil {
		t, err := c.files.load()
		if err != nil {
			return nil, err
		}
		conf.Net.TLS.Enable, conf.Net.TLS.Config = true, t
	}
	dialing, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.conf.Net.DialTimeout)
	cn := &conn{Broker: sarama.NewBroker(addr), addr: addr, cancel: cancel}
	conf.Net.Proxy.Enable, conf.Net.Proxy.Dialer = true, socketDialer{cn, dialing, c.dial}
	stop := context.AfterFunc(ctx, cn.abort)
	defer stop()
	if err := cn.Open(&conf); err != nil {
		cancel()
		return nil, err
	}
	ok, err := cn.Connected()
	if !ok {
		cn.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err == nil {
			err = sarama.ErrNotConnected
		}
		return nil, err
	}
	return cn, nil
}

// abort makes every request under way return with an error. Any goroutine may call it.
func (cn *conn) abort() {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	cn.aborted = true
	cn.cancel()
	if cn.socket != nil {
		cn.socket.Close()
	}
}

// close ends the connection and waits for its goroutine. Nil is closed already.
func (cn *conn) close() {
	if cn == nil {
		return
	}
	cn.abort()
	_ = cn.Close() // the socket is closed, which Close may complain of
}

// ask does one request, given up when ctx ends. After an error the connection is of no more use: an
// answer that is late would be taken for the answer to another request.
func ask[R any](ctx context.Context, cn *conn, request func(*sarama.Broker) (R, error)) (R, error) {
	stop := context.AfterFunc(ctx, cn.abort)
	defer stop()
	r, err := request(cn.Broker)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return r, err
}
