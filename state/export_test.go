package state

import (
	"reflect"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FSOf is the file system of a backend.
func FSOf(b *Backend) vfs.FS { return b.options.FS }

// EvictedOf counts what a backend has written into its logs of evicted keys, and how often it has compacted them.
func EvictedOf(b *Backend) (records, segments, dropped int64) {
	for _, t := range b.tables {
		if t.ev != nil {
			records, segments, dropped = records+t.ev.evicted, segments+int64(t.ev.log.count), dropped+t.ev.log.dropped
		}
	}
	return records, segments, dropped
}

// SlotsOf is how many slots a backend has for keys.
func SlotsOf(b *Backend) (n int) {
	for _, t := range b.tables {
		n += int(t.slots)
	}
	return n
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// StoredOf counts the entries in a backend's store.
func StoredOf(b *Backend) (n int) {
	if b.store.db != nil {
		_ = b.store.scan(nil, func([]byte, []byte) error { n++; return nil })
	}
	return n
}
