package kafka

import "encoding/binary"

// murmur2 is the hash by which the Java client places keys (MurmurHash2 of Austin Appleby, with Kafka's
// seed): records of one key land in the same partition whichever client wrote them.
func murmur2(key []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
	)
	h := uint32(seed) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		k = (k ^ k>>24) * m
		h = h*m ^ k
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// keyPartition returns the partition of a key among n.
func keyPartition(key []byte, n int) int { return int(murmur2(key)&0x7fffffff) % n }
