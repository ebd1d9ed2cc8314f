package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// promise is a prepared transaction in a checkpoint: once that is durable, it will be committed.
type promise struct {
	name       string // transactional id
	producer   int64
	epoch      int16
	checkpoint int64 // that it belongs to
}

// origin is the attempt of a subtask that made transactional ids: the restored checkpoint, the number of the
// attempt, the subtask. Ids of one origin are numbered.
type origin struct {
	restored, attempt, subtask int64
}

// name returns the n-th id.
func (o origin) name(prefix string, n int64) string {
	return fmt.Sprintf("%s-%d.%d.%d.%d", prefix, o.restored, o.attempt, o.subtask, n)
}

// parseName is the inverse of origin.name.
func parseName(prefix, name string) (o origin, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix+"-")
	if !ok {
		return o, false
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 4 {
		return o, false
	}
	var v [4]int64
	for i, p := range parts {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil || n < 0 {
			return o, false
		}
		v[i] = n
	}
	return origin{v[0], v[1], v[2]}, true
}

// pledge is a writer's part of a checkpoint:
//
//	┌─────────┬─────────────────────────────┬────────┬─────────────────────────────────────────────┐
//	│ version │ restored, attempt, subtask  │ number │ number × { length, id, producer, epoch,     │
//	│ 1 byte=1│ uvarints: origin of its ids │ uvarint│            checkpoint } uvarints, id bytes  │
//	└─────────┴─────────────────────────────┴────────┴─────────────────────────────────────────────┘
type pledge struct {
	from     origin
	promises []promise // in order of the checkpoints
}

const pledgeVersion = 1

var errPledge = errors.New("kafka: transactions in the checkpoint are damaged")

func (p pledge) append(dst []byte) []byte {
	dst = append(dst, pledgeVersion)
	for _, v := range []int64{p.from.restored, p.from.attempt, p.from.subtask, int64(len(p.promises))} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	for _, t := range p.promises {
		dst = binary.AppendUvarint(dst, uint64(len(t.name)))
		dst = append(dst, t.name...)
		for _, v := range []int64{t.producer, int64(t.epoch), t.checkpoint} {
			dst = binary.AppendUvarint(dst, uint64(v))
		}
	}
	return dst
}

func decodePledge(data []byte) (p pledge, err error) {
	if len(data) == 0 {
		return p, errPledge
	}
	if data[0] != pledgeVersion {
		return p, fmt.Errorf("kafka: transactions in the checkpoint have version %d, this program knows %d: run a newer one", data[0], pledgeVersion)
	}
	r := varints{data: data[1:]}
	p.from = origin{r.next(), r.next(), r.next()}
	for n := r.next(); n > 0 && !r.bad; n-- {
		t := promise{name: r.text(), producer: r.next()}
		epoch := r.next()
		t.epoch, t.checkpoint = int16(epoch), r.next()
		r.bad = r.bad || epoch > math.MaxInt16 || t.name == ""
		p.promises = append(p.promises, t)
	}
	if r.bad || len(r.data) > 0 {
		return pledge{}, errPledge
	}
	return p, nil
}

// varints reads non-negative varints; bad is set once one is not there.
type varints struct {
	data []byte
	bad  bool
}

func (r *varints) next() int64 {
	v, n := binary.Uvarint(r.data)
	if r.bad || n <= 0 || v > math.MaxInt64 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return int64(v)
}

func (r *varints) text() string {
	n := r.next()
	if r.bad || n > int64(len(r.data)) {
		r.bad = true
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}
