package json

import "golang.org/x/sys/cpu"

// indexWays are the ways to index that this machine has.
func indexWays() map[string]func([]byte, *index) bool {
	ways := map[string]func([]byte, *index) bool{}
	if cpu.X86.HasAVX2 {
		ways["AVX2"] = chooseIndex(false, true)
	}
	if cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2 {
		ways["AVX-512"] = chooseIndex(true, true)
	}
	return ways
}
