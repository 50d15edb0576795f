package platform_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// killPods ends the processes weir of pods, and answers with how many.
func killPods(t *testing.T, uids ...string) int {
	t.Helper()
	killed := 0
	all, _ := filepath.Glob("/proc/[0-9]*/cgroup") // the pattern is right
	for _, path := range all {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		comm, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "comm"))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		for _, uid := range uids {
			if strings.Contains(string(b), "pod"+uid) && strings.TrimSpace(string(comm)) == "weir" && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}
	return killed
}
