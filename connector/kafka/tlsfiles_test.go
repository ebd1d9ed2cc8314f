package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/turgo-io/turgo/connector/kafka"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafkatest CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(2 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// issue signs a certificate of a name, for 127.0.0.1 and localhost, that is good for so long.
func (a *authority) issue(t *testing.T, name string, serial int64, good time.Duration) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(good),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// certificates returns a server's configuration and one of a client that trusts it.
func certificates(t *testing.T) (server, client *tls.Config) {
	a := newAuthority(t)
	return &tls.Config{Certificates: []tls.Certificate{a.issue(t, "broker", 2, time.Hour)}}, &tls.Config{RootCAs: a.pool()}
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// write puts a certificate and its key into files.
func writePair(t *testing.T, f *kafka.TLSFiles, c tls.Certificate) {
	writePEM(t, f.Certificate, "CERTIFICATE", c.Certificate[0])
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	writePEM(t, f.Key, "PRIVATE KEY", der)
}

// Both sides show certificates; the client's is renewed in its file while the reader runs, and so is the authority.
func TestTLSFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	var serial atomic.Int64
	var name atomic.Value
	var broker atomic.Pointer[tls.Certificate]
	show := func(serial int64, good time.Duration) {
		c := a.issue(t, "broker", serial, good)
		broker.Store(&c)
	}
	show(2, time.Hour)
	k := start(t, kfake.TLS(&tls.Config{
		ClientCAs: a.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			name.Store(h.ServerName)
			return broker.Load(), nil
		},
		VerifyConnection: func(s tls.ConnectionState) error {
			serial.Store(s.PeerCertificates[0].SerialNumber.Int64())
			return nil
		},
	}))
	require.NoError(t, k.CreateTopic("in", 1))
	dir := t.TempDir()
	files := &kafka.TLSFiles{
		CA: filepath.Join(dir, "ca.pem"), Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), ServerName: "localhost",
	}
	writePEM(t, files.CA, "CERTIFICATE", a.cert.Raw)
	writePair(t, files, a.issue(t, "job", 10, time.Hour))
	cut := newCutter(1 << 40)
	s := source{Brokers: k.Brokers(), Topics: []string{"in"}, Decode: decodeRecord(), Connection: kafka.Connection{TLSFiles: files, Timeout: 2 * time.Second}}
	with := func(out *sink) { out.Connection = s.Connection }
	require.NoError(t, s.Validate())
	fill(t, k.Brokers(), "in", 0, 10, with)
	s.Connection.Dial = cut.dial
	r := open(t, s).addAll(s, nil, 0, 1)
	defer r.close()
	require.NoError(t, r.records(10))
	require.EqualValues(t, 10, serial.Load())
	require.Equal(t, "localhost", name.Load(), "SNI")

	writePair(t, files, a.issue(t, "job", 11, time.Hour))
	fill(t, k.Brokers(), "in", 10, 10, with)
	require.EqualValues(t, 11, serial.Load(), "the next connection shows the new one")
	require.NoError(t, r.records(20))

	refused := func(what string) {
		s.Connection.Timeout = time.Second
		err := soon(t, func() error { _, err := s.Splits(context.Background()); return err })
		require.ErrorIs(t, err, kafka.ErrUnreachable, what)
	}
	writePair(t, files, newAuthority(t).issue(t, "job", 12, time.Hour))
	refused("a certificate of somebody else's authority")
	writePair(t, files, a.issue(t, "job", 13, -time.Hour))
	refused("an expired certificate")
	writePair(t, files, a.issue(t, "job", 14, time.Hour))
	show(3, -time.Hour)
	refused("a broker whose certificate has expired")
	show(4, time.Hour)
	files.ServerName = "elsewhere"
	refused("a broker of another name")
	files.ServerName = "localhost"
	_, err := s.Splits(background(t))
	require.NoError(t, err)
	writePEM(t, files.CA, "CERTIFICATE", newAuthority(t).cert.Raw)
	refused("an authority that does not know the broker")
}

func TestTLSFilesValidate(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for part, f := range map[string]kafka.TLSFiles{
		"Certificate and Key": {Certificate: empty}, "TLSFiles.CA": {CA: filepath.Join(dir, "none")}, "holds no certificate": {CA: empty}, "certificate and key": {Certificate: empty, Key: empty},
	} {
		require.ErrorContains(t, source{Connection: kafka.Connection{TLSFiles: &f}}.Validate(), part)
	}
	require.ErrorContains(t, source{Connection: kafka.Connection{TLS: &tls.Config{}, TLSFiles: &kafka.TLSFiles{}}}.Validate(), "one of TLS and TLSFiles")
}
