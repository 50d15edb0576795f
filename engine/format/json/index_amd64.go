package json

import "golang.org/x/sys/cpu"

// indexAVX2 is indexWords for blocks of 64 bytes from p on, 32 bytes at a time.
//
//go:noescape
func indexAVX2(p *byte, blocks int, stops, lines *uint64) (high uint32)

var indexBlocks = chooseIndex()

func chooseIndex() func(p []byte, stops, lines []uint64) bool {
	if !cpu.X86.HasAVX2 {
		return indexWords
	}
	return func(p []byte, stops, lines []uint64) bool {
		n := len(p) / 64
		if n == 0 {
			return false
		}
		_, _ = stops[n-1], lines[n-1]
		return indexAVX2(&p[0], n, &stops[0], &lines[0]) != 0
	}
}
