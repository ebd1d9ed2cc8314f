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
	return fmt.Errorf("kafka: %s: %w (code %d)", what, k, int16(k))
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
