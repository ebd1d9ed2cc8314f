package kafka

import "github.com/turgo-io/turgo/operator"

// What tests of the external package need of the inside.

// Murmur2 is murmur2 as the Java client prints it.
func Murmur2(key string) int32 { return int32(murmur2([]byte(key))) }

// RecodePosition decodes and encodes a position.
func RecodePosition(data []byte) ([]byte, error) {
	p, err := decodePosition(data)
	if err != nil {
		return nil, err
	}
	return p.append(nil), nil
}

// EncodePosition encodes a position; a negative stop is none.
func EncodePosition(offset int64, epoch int32, stop int64) []byte {
	if stop < 0 {
		stop = noStop
	}
	return position{offset, epoch, stop}.append(nil)
}

// RecodePledge decodes and encodes the transactions of a checkpoint.
func RecodePledge(data []byte) ([]byte, error) {
	p, err := decodePledge(data)
	if err != nil {
		return nil, err
	}
	return p.append(nil), nil
}

// EncodePledge encodes transactions.
func EncodePledge(restored, attempt, subtask int64, names ...string) []byte {
	p := pledge{from: origin{restored, attempt, subtask}}
	for i, n := range names {
		p.promises = append(p.promises, promise{n, int64(i) << 40, int16(i), int64(i)})
	}
	return p.append(nil)
}

// ParseName returns the origin in a transactional id.
func ParseName(prefix, name string) (restored, attempt, subtask int64, ok bool) {
	o, ok := parseName(prefix, name)
	return o.restored, o.attempt, o.subtask, ok
}

// Name returns a transactional id.
func Name(prefix string, restored, attempt, subtask, n int64) string {
	return origin{restored, attempt, subtask}.name(prefix, n)
}

// SplitOf returns the split of a partition.
func SplitOf(topic string, id int32) operator.Split { return partition{topic, id}.split() }

// ParseSplit is its inverse.
func ParseSplit(s string) (topic string, id int32, err error) {
	p, err := parseSplit(s)
	return p.topic, p.id, err
}

// NextSequence exposes the wrap-around of sequence numbers.
var NextSequence = nextSequence
