package sql

import (
	"encoding/binary"
	"fmt"
	"math"
)

// payloadVersion is the first byte of a payload.
const payloadVersion = 1

// promise is the rows of one checkpoint, to be committed under its number.
type promise struct {
	checkpoint int64
	*batch
}

// payload is what a writer puts into a checkpoint: every row of its that is not in the database.
type payload struct {
	writer   int // subtask that wrote the rows: tokens are kept by it
	promises []promise
}

// encode returns the bytes of a payload:
//
//	version 1 | writer | promises | for each: checkpoint, columns, names, keys, rows, rows' values
//
// Numbers are uvarints, names have their length before them.
func (p payload) encode() []byte {
	size := 16
	for _, pr := range p.promises {
		size += len(pr.data) + 64*len(pr.columns)
	}
	out := append(make([]byte, 0, size), payloadVersion)
	out = binary.AppendUvarint(out, uint64(p.writer))
	out = binary.AppendUvarint(out, uint64(len(p.promises)))
	for _, pr := range p.promises {
		out = pr.encode(out)
	}
	return out
}

func (p promise) encode(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(p.checkpoint))
	out = binary.AppendUvarint(out, uint64(len(p.columns)))
	for _, c := range p.columns {
		out = binary.AppendUvarint(out, uint64(len(c)))
		out = append(out, c...)
	}
	out = binary.AppendUvarint(out, uint64(p.keys))
	out = binary.AppendUvarint(out, uint64(len(p.rows)))
	for i := range p.rows {
		out = append(out, p.row(i)...)
	}
	return out
}

// decodePayload reads a payload. Whatever the bytes are, it allocates no more than some times their number.
func decodePayload(data []byte) (payload, error) {
	d := decoder{data: data}
	if len(data) == 0 || data[0] != payloadVersion {
		return payload{}, fmt.Errorf("%w: its version is not %d; it may be of a newer program", ErrPayload, payloadVersion)
	}
	d.data = data[1:]
	p := payload{writer: int(d.number(math.MaxInt32))}
	for n := d.number(uint64(len(data))); n > 0 && !d.bad; n-- {
		p.promises = append(p.promises, d.promise())
	}
	if d.bad || len(d.data) > 0 {
		return payload{}, fmt.Errorf("%w: it is damaged %d bytes before its end", ErrPayload, len(d.data))
	}
	return p, nil
}

// decoder reads from data until something is wrong.
type decoder struct {
	data []byte
	bad  bool
}

// number reads a uvarint that is at most limit.
func (d *decoder) number(limit uint64) uint64 {
	n, size := binary.Uvarint(d.data)
	if size <= 0 || n > limit {
		d.bad = true
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *decoder) promise() promise {
	p := promise{checkpoint: int64(d.number(math.MaxInt64)), batch: newBatch(layout{})}
	for n := d.number(uint64(len(d.data))); n > 0 && !d.bad; n-- {
		p.columns = append(p.columns, d.text())
	}
	p.keys = int(d.number(uint64(len(p.columns))))
	rows := d.number(uint64(len(d.data)))
	if len(p.columns) == 0 {
		d.bad = true
	}
	for ; rows > 0 && !d.bad; rows-- {
		d.row(p.batch)
	}
	return p
}

func (d *decoder) text() string {
	n := d.number(uint64(len(d.data)))
	if d.bad || n > uint64(len(d.data)) {
		d.bad = true
		return ""
	}
	s := string(d.data[:n])
	d.data = d.data[n:]
	return s
}

// row moves one row to b. Rows of a payload have different keys already: none is looked for.
func (d *decoder) row(b *batch) {
	rest := d.data
	for range b.columns {
		after, ok := skipValue(rest)
		if !ok {
			d.bad = true
			return
		}
		rest = after
	}
	b.add(d.data[:len(d.data)-len(rest)], 0)
	d.data = rest
}
