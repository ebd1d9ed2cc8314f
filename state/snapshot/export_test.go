package snapshot

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Seal puts a schema and a value into a manifest whose lengths and checksum are right.
func Seal(schema string, value []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(manifestMagic), manifestVersion)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(schema)))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(value)))
	out = append(append(out, schema...), value...)
	return binary.LittleEndian.AppendUint64(out, xxhash.Sum64(out))
}

// OpenManifest takes a manifest apart.
func OpenManifest(src []byte) (schema, value []byte, err error) { return openManifest(src) }
