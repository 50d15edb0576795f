package data

// HashText is the hash of Flink's strings: MurmurHash3 of the seed 42, the bytes
// after the last whole word one by one.
func HashText(p []byte) uint32 {
	h, n := uint32(42), uint32(len(p))
	mix := func(k uint32) {
		k *= 0xcc9e2d51
		k = k<<15 | k>>17
		k *= 0x1b873593
		h ^= k
		h = h<<13 | h>>19
		h = h*5 + 0xe6546b64
	}
	for ; len(p) >= 4; p = p[4:] {
		mix(uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24)
	}
	for _, c := range p {
		mix(uint32(int32(int8(c))))
	}
	h ^= n
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}
