package kafka

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/IBM/sarama"
)

// scram is the client's side of SCRAM (RFC 5802, RFC 7677) without channel binding: three messages, after
// which each side knows that the other one has the password, and nobody on the way has learned it.
type scram struct {
	hash  func() hash.Hash
	nonce string
	step  int
	user  string
	pass  string
	first string // client-first-message without its header
	proof []byte // what the server's last message must prove
}

// maxIterations bounds the work that a server can ask of its client.
const maxIterations = 1 << 20

var errScram = errors.New("kafka: SCRAM")

func newScram(sha512bits bool) sarama.SCRAMClient {
	if sha512bits {
		return &scram{hash: sha512.New}
	}
	return &scram{hash: sha256.New}
}

// Begin starts an exchange.
func (s *scram) Begin(user, password, _ string) error {
	escape := strings.NewReplacer("=", "=3D", ",", "=2C")
	s.user, s.pass, s.step = escape.Replace(user), password, 0
	s.nonce = nonce()
	return nil
}

// Step answers the server's message.
func (s *scram) Step(challenge string) (string, error) {
	s.step++
	switch s.step {
	case 1:
		s.first = "n=" + s.user + ",r=" + s.nonce
		return "n,," + s.first, nil
	case 2:
		return s.prove(challenge)
	case 3:
		return "", s.check(challenge)
	}
	return "", fmt.Errorf("%w: the server asks for a step too many", errScram)
}

// Done reports whether the exchange is over.
func (s *scram) Done() bool { return s.step >= 3 }

// attributes splits "a=1,b=2".
func attributes(message string) map[byte]string {
	m := map[byte]string{}
	for part := range strings.SplitSeq(message, ",") {
		if len(part) >= 2 && part[1] == '=' {
			m[part[0]] = part[2:]
		}
	}
	return m
}

// prove answers salt and iteration count with the proof that this side has the password.
func (s *scram) prove(challenge string) (string, error) {
	a := attributes(challenge)
	salt, err := base64.StdEncoding.DecodeString(a['s'])
	if err != nil || len(salt) == 0 {
		return "", fmt.Errorf("%w: the server's salt cannot be read", errScram)
	}
	iterations, err := strconv.Atoi(a['i'])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return "", fmt.Errorf("%w: the server asks for %q iterations, at most %d are done", errScram, a['i'], maxIterations)
	}
	if !strings.HasPrefix(a['r'], s.nonce) || len(a['r']) == len(s.nonce) {
		return "", fmt.Errorf("%w: the server's nonce does not go on from ours", errScram)
	}
	salted, err := pbkdf2.Key(s.hash, s.pass, salt, iterations, s.hash().Size())
	if err != nil {
		return "", fmt.Errorf("%w: %w", errScram, err)
	}
	final := "c=biws,r=" + a['r'] // biws is the header "n,," in base 64
	message := s.first + "," + challenge + "," + final
	client := s.mac(salted, "Client Key")
	h := s.hash()
	h.Write(client)
	proof := s.mac(h.Sum(nil), message)
	for i := range proof {
		proof[i] ^= client[i]
	}
	s.proof = s.mac(s.mac(salted, "Server Key"), message)
	return final + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// check verifies that the server has the password too.
func (s *scram) check(message string) error {
	a := attributes(message)
	if e := a['e']; e != "" {
		return fmt.Errorf("%w: refused: %s", errScram, e)
	}
	got, err := base64.StdEncoding.DecodeString(a['v'])
	if err != nil || !hmac.Equal(got, s.proof) {
		return fmt.Errorf("%w: the server could not prove that it knows the password", errScram)
	}
	return nil
}

func (s *scram) mac(key []byte, message string) []byte {
	m := hmac.New(s.hash, key)
	m.Write([]byte(message))
	return m.Sum(nil)
}
