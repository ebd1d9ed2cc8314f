package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSFiles turns on encryption with what is in files, all PEM. They are read for each connection, so that a certificate
// that is renewed in its place is used from the next connection on, without a restart.
type TLSFiles struct {
	// CA holds the authorities that sign the brokers' certificates; "" is those of the machine.
	CA string
	// Certificate and Key are what the program shows to brokers that ask for it; both or none.
	Certificate, Key string
	// ServerName is the name that the brokers' certificates must have, and that is sent to them (SNI); "" is the host
	// of each broker's address.
	ServerName string
}

// load reads the files.
func (f *TLSFiles) load() (*tls.Config, error) {
	conf := &tls.Config{ServerName: f.ServerName, MinVersion: tls.VersionTLS12}
	if (f.Certificate == "") != (f.Key == "") {
		return nil, errors.New("kafka: Connection.TLSFiles: set Certificate and Key, or neither")
	}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("kafka: Connection.TLSFiles.CA: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: Connection.TLSFiles.CA: %s holds no certificate in PEM", f.CA)
		}
	}
	if f.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			return nil, fmt.Errorf("kafka: Connection.TLSFiles: certificate and key: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}
