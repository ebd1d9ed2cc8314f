package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/IBM/sarama"
)

// Connection says how brokers are reached. The zero value is plain TCP with no credentials.
type Connection struct {
	// ClientID names the program in the brokers' logs and quotas; "" is "turgo".
	ClientID string
	// Version is the oldest Kafka version among the brokers, such as "2.8.0". "" asks each broker, which
	// every broker since 0.10 answers; set it only where a proxy hides the answer.
	Version string
	// TLS turns on encryption: own CAs in RootCAs, a client certificate in Certificates or
	// GetClientCertificate. The host's name is checked unless ServerName or InsecureSkipVerify says otherwise.
	TLS *tls.Config
	// TLSFiles turns on encryption with certificates from files, in the place of TLS.
	TLSFiles *TLSFiles
	// SASL holds the credentials, if the brokers want any.
	SASL *SASL
	// Dial opens the connection below TLS; nil is a net.Dialer. For proxies, tunnels and tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds reaching the cluster at the start, and the answer to one request; 0 is 8 s.
	Timeout time.Duration
	// RetryFor is how long a running job goes on without the leader of a partition before its attempt
	// fails: longer than a broker's failover takes. 0 is 2 minutes.
	RetryFor time.Duration
}

// SASL holds credentials. Its text forms hide them.
type SASL struct {
	// Mechanism is PLAIN (also for ""), SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.
	Mechanism string
	// User and Password are for PLAIN and SCRAM.
	User, Password string
	// Token returns a valid token each time that it is called, for OAUTHBEARER.
	Token func() (string, error)
}

// String hides the password.
func (s SASL) String() string { return fmt.Sprintf("SASL %s of user %q", s.mechanism(), s.User) }

// GoString hides the password.
func (s SASL) GoString() string { return s.String() }

// mechanism returns the mechanism's name, PLAIN if none is set.
func (s SASL) mechanism() sarama.SASLMechanism {
	if s.Mechanism == "" {
		return sarama.SASLTypePlaintext
	}
	return sarama.SASLMechanism(s.Mechanism)
}

func (s *SASL) validate() error {
	switch s.mechanism() {
	case sarama.SASLTypePlaintext, sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512:
		if s.User == "" || s.Password == "" {
			return fmt.Errorf("kafka: Connection.SASL: %s needs User and Password", s.mechanism())
		}
	case sarama.SASLTypeOAuth:
		if s.Token == nil {
			return errors.New("kafka: Connection.SASL: OAUTHBEARER needs Token")
		}
	default:
		return fmt.Errorf("kafka: Connection.SASL: mechanism %q is unknown; use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER", s.Mechanism)
	}
	return nil
}

func (c *Connection) validate() error {
	var errs []error
	if c.Version != "" {
		if _, err := sarama.ParseKafkaVersion(c.Version); err != nil {
			errs = append(errs, fmt.Errorf("kafka: Connection.Version %q is no Kafka version; write it as 3.7.0", c.Version))
		}
	}
	if c.SASL != nil {
		errs = append(errs, c.SASL.validate())
	}
	if c.TLSFiles != nil {
		if c.TLS != nil {
			errs = append(errs, errors.New("kafka: Connection: set one of TLS and TLSFiles"))
		}
		_, err := c.TLSFiles.load()
		errs = append(errs, err)
	}
	if c.Timeout < 0 || c.RetryFor < 0 {
		errs = append(errs, fmt.Errorf("kafka: Connection: Timeout %v and RetryFor %v must not be negative", c.Timeout, c.RetryFor))
	}
	return errors.Join(errs...)
}

func (c *Connection) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 8 * time.Second
}

func (c *Connection) retryFor() time.Duration {
	if c.RetryFor > 0 {
		return c.RetryFor
	}
	return 2 * time.Minute
}

// sarama returns the client library's settings for these.
func (c *Connection) sarama() *sarama.Config {
	conf := sarama.NewConfig()
	conf.ClientID = c.ClientID
	if c.ClientID == "" {
		conf.ClientID = "turgo"
	}
	conf.Version = sarama.MaxVersion // each connection asks its broker and takes the lower
	if c.Version != "" {
		conf.Version, _ = sarama.ParseKafkaVersion(c.Version)
	}
	conf.Net.MaxOpenRequests = 64 // per partition the sink itself keeps to five
	conf.Net.DialTimeout = c.timeout() / 2
	conf.Net.ReadTimeout, conf.Net.WriteTimeout = c.timeout(), c.timeout()
	if c.TLS != nil {
		conf.Net.TLS.Enable, conf.Net.TLS.Config = true, c.TLS
	}
	c.credentials(conf)
	return conf
}

func (c *Connection) credentials(conf *sarama.Config) {
	if c.SASL == nil {
		return
	}
	s := &conf.Net.SASL
	s.Enable, s.Handshake, s.Version = true, true, sarama.SASLHandshakeV1
	s.Mechanism, s.User, s.Password = c.SASL.mechanism(), c.SASL.User, c.SASL.Password
	switch s.Mechanism {
	case sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512:
		s.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return newScram(s.Mechanism == sarama.SASLTypeSCRAMSHA512) }
	case sarama.SASLTypeOAuth:
		s.TokenProvider = tokens(c.SASL.Token)
	}
}

// tokens is a sarama.AccessTokenProvider.
type tokens func() (string, error)

// Token asks the user's function.
func (t tokens) Token() (*sarama.AccessToken, error) {
	token, err := t()
	if err != nil {
		return nil, fmt.Errorf("kafka: Connection.SASL.Token: %w", err)
	}
	return &sarama.AccessToken{Token: token}, nil
}
