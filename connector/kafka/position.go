package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"

	"github.com/turgo-io/turgo/operator"
)

// position is where a partition's reader goes on. Its bytes in a checkpoint, varints as in encoding/binary:
//
//	┌─────────┬──────────────┬─────────────┬────────────┐
//	│ version │ offset       │ leader epoch│ stop       │
//	│ 1 byte  │ varint       │ varint      │ varint     │
//	│ = 1     │ -1: start    │ -1: unknown │ -1: none   │
//	└─────────┴──────────────┴─────────────┴────────────┘
//
// offset -1 says that the checkpoint came before the start was found: Source.Start still holds then.
// stop keeps a bounded read's end over restarts.
type position struct {
	offset int64
	epoch  int32
	stop   int64
}

const (
	positionVersion = 1
	unresolved      = int64(-1) // no offset yet
	noStop          = int64(math.MaxInt64)
)

var errPosition = errors.New("kafka: position in the checkpoint is damaged")

func (p position) append(dst []byte) []byte {
	dst = append(dst, positionVersion)
	dst = binary.AppendVarint(dst, p.offset)
	dst = binary.AppendVarint(dst, int64(p.epoch))
	if p.stop == noStop {
		return binary.AppendVarint(dst, -1)
	}
	return binary.AppendVarint(dst, p.stop)
}

func decodePosition(data []byte) (p position, err error) {
	if len(data) == 0 {
		return p, errPosition
	}
	if data[0] != positionVersion {
		return p, fmt.Errorf("kafka: position in the checkpoint has version %d, this program knows %d: run a newer one", data[0], positionVersion)
	}
	var v [3]int64
	data = data[1:]
	for i := range v {
		x, n := binary.Varint(data)
		if n <= 0 {
			return p, errPosition
		}
		v[i], data = x, data[n:]
	}
	if len(data) > 0 || v[0] < unresolved || v[1] < -1 || v[1] > math.MaxInt32 || v[2] < -1 {
		return p, errPosition
	}
	p = position{offset: v[0], epoch: int32(v[1]), stop: v[2]}
	if p.stop < 0 {
		p.stop = noStop
	}
	return p, nil
}

// split returns the split of a partition. Partitions of one topic have neighbouring places, so that
// they spread evenly over subtasks; partitions i of topics with equal names land together everywhere.
func (p partition) split() operator.Split {
	h := fnv.New32a()
	h.Write([]byte(p.topic))
	return operator.Split{ID: p.String(), Ord: h.Sum32() + uint32(p.id)}
}

// parseSplit is the inverse of partition.String.
func parseSplit(id string) (partition, error) {
	i := strings.LastIndexByte(id, '/')
	if i <= 0 {
		return partition{}, fmt.Errorf("kafka: split %q is not topic/partition", id)
	}
	n, err := strconv.ParseInt(id[i+1:], 10, 32)
	if err != nil || n < 0 {
		return partition{}, fmt.Errorf("kafka: split %q is not topic/partition", id)
	}
	return partition{id[:i], int32(n)}, nil
}
