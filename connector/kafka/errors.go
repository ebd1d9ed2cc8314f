package kafka

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/turgo-io/turgo/operator"
)

var (
	// ErrUnreachable says that no broker answered: none listens there, a firewall is between, or the
	// listener wants TLS.
	ErrUnreachable = errors.New("kafka: no broker reachable")
	// ErrNoTopic says that a topic does not exist. The connector never creates one.
	ErrNoTopic = errors.New("kafka: topic does not exist")
	// ErrUnauthorized says that the cluster refused the credentials, or what they were used for.
	ErrUnauthorized = errors.New("kafka: not authorized")
)

// refused turns the broker's answer k to doing what into an error that says what to do next. Errors
// that a restart would only meet again are permanent.
func refused(what string, k sarama.KError) error {
	switch k {
	case sarama.ErrTopicAuthorizationFailed, sarama.ErrGroupAuthorizationFailed, sarama.ErrClusterAuthorizationFailed,
		sarama.ErrTransactionalIDAuthorizationFailed, sarama.ErrSASLAuthenticationFailed:
		return operator.Permanent(fmt.Errorf("%w: %s: %w; give the user of Connection.SASL an ACL for it", ErrUnauthorized, what, k))
	case sarama.ErrUnknownTopicOrPartition, sarama.ErrInvalidTopic:
		return fmt.Errorf("%w: %s: %w; create it, or correct its name", ErrNoTopic, what, k)
	case sarama.ErrMessageSizeTooLarge, sarama.ErrMessageSetSizeTooLarge:
		return operator.Permanent(fmt.Errorf("kafka: %s: %w; raise the topic's max.message.bytes, or lower Sink.BatchBytes", what, k))
	case sarama.ErrUnsupportedForMessageFormat, sarama.ErrUnsupportedVersion:
		return operator.Permanent(fmt.Errorf("kafka: %s: %w; the brokers are older than this connector needs (2.4)", what, k))
	}
	if hint := hints[k]; hint != "" {
		return fmt.Errorf("kafka: %s: %w (code %d): %s", what, k, int16(k), hint)
	}
	return fmt.Errorf("kafka: %s: %w (code %d)", what, k, int16(k))
}

// hints say what is behind answers whose own words do not. They end an attempt; the next one starts with ids of its own.
var hints = map[sarama.KError]string{
	sarama.ErrInvalidProducerEpoch:     "another writer has taken the transactional id, a copy of this job perhaps, or the transaction was open for longer than Sink.TransactionTimeout",
	sarama.ErrProducerFenced:           "another writer has taken the transactional id: look for a copy of this job that still runs, or give each its own Sink.TransactionPrefix",
	sarama.ErrInvalidTxnState:          "the transaction was ended by somebody else, or by the brokers after Sink.TransactionTimeout: raise that if checkpoints take this long",
	sarama.ErrInvalidProducerIDMapping: "the brokers have forgotten the transactional id: the job was away for longer than their transactional.id.expiration.ms",
}

// isMoved reports answers that end by asking for the leader again: it moved, moves, or starts up.
func isMoved(k sarama.KError) bool {
	switch k {
	case sarama.ErrNotLeaderForPartition, sarama.ErrLeaderNotAvailable, sarama.ErrReplicaNotAvailable, sarama.ErrBrokerNotAvailable,
		sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch, sarama.ErrKafkaStorageError, sarama.ErrOffsetNotAvailable,
		sarama.ErrUnknownTopicOrPartition, sarama.ErrListenerNotFound, sarama.ErrNetworkException:
		return true
	}
	return false
}

// isCoordinatorMoved reports answers that end by asking for the coordinator again.
func isCoordinatorMoved(k sarama.KError) bool {
	switch k {
	case sarama.ErrNotCoordinatorForConsumer, sarama.ErrConsumerCoordinatorNotAvailable, sarama.ErrOffsetsLoadInProgress:
		return true
	}
	return false
}
