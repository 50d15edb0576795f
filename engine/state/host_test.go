package state

import (
	"os"
	"testing"
)

func TestMemoryOfTheHost(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing can be read", nil, 0},
		{"no limit, version 2", map[string]string{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"}, 0},
		{"a container, version 2", map[string]string{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "1073741824\n"}, 1 << 30},
		{"the least of the groups above", map[string]string{
			"/proc/self/cgroup": "0::/system.slice/weir.service\n",
			"/sys/fs/cgroup/system.slice/weir.service/memory.max": "max\n",
			"/sys/fs/cgroup/system.slice/memory.max":              "2147483648\n",
		}, 2 << 30},
		{"version 1", map[string]string{
			"/proc/self/cgroup":                                    "5:cpu,cpuacct:/a\n4:memory:/a\n",
			"/sys/fs/cgroup/memory/a/memory.limit_in_bytes":        "536870912\n",
			"/sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"/sys/fs/cgroup/cpu,cpuacct/a/memory.limit_in_bytes":   "1\n",
			"/sys/fs/cgroup/memory/a/b/c/d/memory.limit_in_bytes/": "1\n",
		}, 512 << 20},
		{"version 1 without limit", map[string]string{
			"/proc/self/cgroup": "4:memory:/\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 0},
		{"no number", map[string]string{"/proc/self/cgroup": "0::/x\nnonsense\n", "/sys/fs/cgroup/x/memory.max": "-\n"}, 0},
	} {
		got := cgroupMemory(func(name string) ([]byte, error) {
			if text, ok := c.files[name]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		})
		if got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
	read := func(string) ([]byte, error) { return []byte("MemFree: 1 kB\nMemTotal:       24576000 kB\n"), nil }
	if got := meminfo(read); got != 24576000<<10 {
		t.Errorf("the machine has %d bytes", got)
	}
}

func TestTheHostsBudgetIsShared(t *testing.T) {
	dir := t.TempDir()
	a, b, other := HostBudget(dir), HostBudget(dir), HostBudget("")
	if a != b || a == other {
		t.Fatal("jobs with one folder have one budget, those with another another")
	}
	if HostMemory() > 0 && a.limit != HostMemory()/2 {
		t.Errorf("%d bytes are allowed of %d", a.limit, HostMemory())
	}
	if _, err := a.file(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil || b.spill == nil {
		t.Errorf("the file is closed while another uses it (%v)", err)
	}
	if err := b.Close(); err != nil || b.spill != nil {
		t.Errorf("the file is open after the last has gone (%v)", err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if c := HostBudget(dir); c == a {
		t.Error("who comes after the last has its budget")
	} else if err := c.Close(); err != nil {
		t.Error(err)
	}
}
