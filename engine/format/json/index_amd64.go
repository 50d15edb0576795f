package json

import "golang.org/x/sys/cpu"

// indexAVX2 and indexAVX512 are indexWords for blocks of 64 bytes from p on.
//
//go:noescape
func indexAVX2(p *byte, blocks int, stops *uint64) (high uint32)

//go:noescape
func indexAVX512(p *byte, blocks int, stops *uint64) (high uint32)

// unescapeAVX512 is unescapePlain for escapes that mean the character behind
// them; it may write 64 bytes from each place in dst that it writes to.
//
//go:noescape
func unescapeAVX512(dst, src *byte, n int) int

var (
	indexBlocks    = chooseIndex(cpu.X86.HasAVX512BW, cpu.X86.HasAVX2)
	unescapeBlocks = chooseUnescape(cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2)
)

func chooseIndex(avx512, avx2 bool) func(p []byte, stops []uint64) bool {
	if !avx512 && !avx2 {
		return indexWords
	}
	return func(p []byte, stops []uint64) bool {
		n := len(p) / 64
		if n == 0 {
			return false
		}
		_ = stops[n-1]
		if avx512 {
			return indexAVX512(&p[0], n, &stops[0]) != 0
		}
		return indexAVX2(&p[0], n, &stops[0]) != 0
	}
}

// chooseUnescape gives what is quickest; dst must have spare bytes behind src's length.
func chooseUnescape(avx512 bool) func(dst, src []byte) int {
	if !avx512 {
		return unescapePlain
	}
	return func(dst, src []byte) int {
		if len(src) == 0 {
			return 0
		}
		_ = dst[len(src)+spare-1]
		return unescapeAVX512(&dst[0], &src[0], len(src))
	}
}
