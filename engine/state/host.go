package state

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// host has the budgets of the jobs of this process that name none of their own.
var host = struct {
	sync.Mutex
	budgets map[string]*Budget // by folder
}{budgets: map[string]*Budget{}}

// HostBudget is half of the memory that this process may use, shared by all who
// ask for it with the same folder, to which goes what is over it. Where it cannot
// be told how much there is, any amount is allowed. Close must be called for each.
func HostBudget(folder string) *Budget {
	host.Lock()
	defer host.Unlock()
	b := host.budgets[folder]
	if b == nil {
		b = NewBudget(HostMemory() / 2)
		if folder != "" {
			b.SpillTo(folder)
		}
		b.host = folder
		host.budgets[folder] = b
	}
	b.users++
	return b
}

// HostMemory is how many bytes of memory this process may use: those of the
// machine, or of its control group (of Linux, versions 1 and 2) where that is
// less. It is 0 where neither can be told.
func HostMemory() int64 {
	n := meminfo(os.ReadFile)
	if m := cgroupMemory(os.ReadFile); m > 0 && (n == 0 || m < n) {
		n = m
	}
	return n
}

type readFile = func(name string) ([]byte, error)

func meminfo(read readFile) int64 {
	b, err := read("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil || kib < 0 || kib > math.MaxInt64>>10 {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// cgroupMemory is the least limit of the control group of this process and those
// above it, 0 if there is none. In a container the group is the root of what it sees.
func cgroupMemory(read readFile) int64 {
	b, err := read("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	var least int64
	for line := range strings.Lines(string(b)) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 {
			continue
		}
		root, name := "/sys/fs/cgroup", "memory.max"
		if part[0] != "0" {
			if !strings.Contains(","+part[1]+",", ",memory,") {
				continue
			}
			root, name = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		for dir := filepath.Clean("/" + part[2]); ; dir = filepath.Dir(dir) {
			if text, err := read(filepath.Join(root, dir, name)); err == nil {
				// Without a limit there is "max", or in version 1 a number greater than any memory.
				n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
				if err == nil && n > 0 && n < 1<<60 && (least == 0 || n < least) {
					least = n
				}
			}
			if dir == "/" {
				break
			}
		}
	}
	return least
}
