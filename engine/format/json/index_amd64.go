package json

import "golang.org/x/sys/cpu"

// classifyAVX2 says where quotes, backslashes and control characters lie in
// blocks of 64 bytes from p on.
//
//go:noescape
func classifyAVX2(p *byte, blocks int, quotes, slashes, controls *uint64) (high uint32)

// indexAVX512 is indexWords for blocks of 64 bytes from p on. Places are those
// of the next block; marks may be written 64 at a time.
//
//go:noescape
func indexAVX512(p *byte, blocks int, stops, slashes *uint64, before *uint32, marks *uint16, done *progress) (high uint32)

// unescapeAVX512 is unescapePlain for escapes that mean the character behind
// them; it may write 64 bytes from each place in dst that it writes to.
//
//go:noescape
func unescapeAVX512(dst, src *byte, n int) int

var (
	indexBlocks    = chooseIndex(cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2, cpu.X86.HasAVX2)
	unescapeBlocks = chooseUnescape(cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2)
)

func chooseIndex(avx512, avx2 bool) func(p []byte, x *index) bool {
	if !avx512 && !avx2 {
		return indexWords
	}
	return func(p []byte, x *index) bool {
		n, k := len(p)/64, x.blocks
		if n == 0 {
			return false
		}
		_ = x.stops[int(k)+n-1]
		if avx512 {
			return indexAVX512(&p[0], n, &x.stops[k], &x.slashes[k], &x.before[k], &x.marks[x.marked], &x.progress) != 0
		}
		high := classifyAVX2(&p[0], n, &x.quotes[k], &x.slashes[k], &x.controls[k])
		x.finish(n)
		return high != 0
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
