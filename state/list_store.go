package state

import (
	"encoding/binary"
	"fmt"
	"strings"
)

func (c *listColumn[T]) appendListKey(dst []byte, at place, frozen bool) []byte {
	return c.table.appendKey(appendGroup(dst, &c.info.prefix, c.table.first+int(at.group)), at.slot, frozen)
}

// record writes a piece; its number, 4 bytes, ends the key.
func (c *listColumn[T]) record(dst []byte, at place, cl *cell[listPiece[T]], frozen bool) ([]byte, error) {
	start := len(dst)
	dst = c.appendListKey(beginRecord(dst), place{cl.val.owner, at.group}, frozen)
	dst = binary.BigEndian.AppendUint32(dst, cl.val.number)
	endKey(dst, start)
	if cl.flags&flagPresent == 0 {
		return dst, nil
	}
	stamp, _ := c.stampFor(at.slot, frozen) // one piece that is over does not end the list
	dst, err := c.coder.append(dst, &cl.val.vals, stamp)
	if err == nil {
		endRecord(dst, start)
	}
	return dst, err
}

// load reads the current key's list from the store.
func (c *listColumn[T]) load(h *listHead) {
	h.whole = true
	c.key = c.appendListKey(c.key[:0], c.table.cur, false)
	err := c.b.scan(c.key, func(key, val []byte) error { return c.adopt(h, key[len(c.key):], val) })
	if err != nil {
		c.b.fail(err)
	}
}

func (c *listColumn[T]) adopt(h *listHead, key, val []byte) error {
	if len(key) != 4 || int(binary.BigEndian.Uint32(key)) != len(h.pieces) {
		return fmt.Errorf("%w: %v: a piece is missing", ErrCorrupt, c.info)
	}
	cl, ref := c.add(h, c.table.cur)
	cl.flags = flagLoaded | flagPresent | flagStored
	stamp, err := c.coder.decode(val, &cl.val.vals)
	if err != nil {
		return err
	}
	c.restampPiece(h, ref, stamp)
	if n := len(cl.val.vals); n == 0 || n > pieceLen || h.len%pieceLen != 0 {
		return fmt.Errorf("%w: %v: a piece has %d elements", ErrCorrupt, c.info, n)
	}
	h.len += len(cl.val.vals)
	return nil
}

// restampPiece is for a piece that was read from bytes. The newest stamp counts; a list without any lives from now on.
func (c *listColumn[T]) restampPiece(h *listHead, ref uint32, stamp int64) {
	if c.stamps.ttl == nil {
		return
	}
	c.stamps.set(ref, stamp)
	if len(h.pieces) == 1 || stamp > h.stamp {
		h.stamp = stamp
	}
}

// listCodec makes a codec for slices of a codec for elements: a count, then each element behind its length.
type listCodec[T any] struct{ elem Codec[T] }

// listCodecOf returns the codec of a list's pieces.
func listCodecOf[T any](info *stateInfo) (Codec[[]T], error) {
	if info.settings.codec == nil {
		return CodecFor[[]T]()
	}
	elem, err := codecOf[T](info)
	return listCodec[T]{elem}, err
}

const elementsOf = "custom(elements of "

func (c listCodec[T]) Schema() Schema { return elementsOf + c.elem.Schema() + ")" }

func (c listCodec[T]) Append(dst []byte, v *[]T) (_ []byte, err error) {
	dst = binary.AppendUvarint(dst, uint64(len(*v)))
	var one []byte
	for i := range *v {
		if one, err = c.elem.Append(one[:0], &(*v)[i]); err != nil {
			return dst, err
		}
		dst = append(binary.AppendUvarint(dst, uint64(len(one))+1), one...)
	}
	return dst, nil
}

func (c listCodec[T]) Decode(src []byte, v *[]T) error { return decodePiece(src, v, c.elem.Decode) }

// ReaderOf implements SchemaReader for elements whose codec does.
func (c listCodec[T]) ReaderOf(writer Schema) (func(src []byte, v *[]T) error, error) {
	elem, isList := strings.CutPrefix(strings.TrimSuffix(string(writer), ")"), elementsOf)
	r, ok := c.elem.(SchemaReader[T])
	if !isList || !ok {
		return nil, fmt.Errorf("%w: it was written as %.200s, the codec of %s reads %.200s", ErrIncompatible, writer, typeName[T](), c.Schema())
	}
	decode, err := r.ReaderOf(Schema(elem))
	return func(src []byte, v *[]T) error { return decodePiece(src, v, decode) }, err
}

func decodePiece[T any](src []byte, v *[]T, decode func([]byte, *T) error) error {
	n, size := binary.Uvarint(src)
	if size <= 0 || n > pieceLen {
		return errLen
	}
	src = src[size:]
	*v = make([]T, n)
	for i := range *v {
		size, rest, err := cutCount(src, 1)
		if err != nil || size < 0 {
			return errLen
		}
		if err := decode(rest[:size], &(*v)[i]); err != nil {
			return err
		}
		src = rest[size:]
	}
	if len(src) > 0 {
		return errTrailing
	}
	return nil
}

func (c *listColumn[T]) near([]uint32) {}

func (c *listColumn[T]) groupOf(_ uint32, cl *cell[listPiece[T]]) uint32 {
	return c.table.placeOf(cl.val.owner).group
}
