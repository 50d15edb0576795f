package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// identity names a process for ever: pids are used again, but not with the
// same start time.
type identity struct {
	pid   int
	start uint64 // in clock ticks since the machine was started
	boot  string // id of that start of the machine
}

func (i identity) String() string { return fmt.Sprintf("%d %d %s\n", i.pid, i.start, i.boot) }

// identify is who has this pid now; fs.ErrNotExist when nobody has.
func identify(pid int) (identity, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return identity{}, err
	}
	// The name, in parentheses, may hold anything, also blanks and parentheses.
	end := bytes.LastIndexByte(b, ')')
	fields := strings.Fields(string(b[end+1:]))
	const startTime = 22 - 3 // field 22 of the line; the first after the name is field 3
	if end < 0 || len(fields) <= startTime {
		return identity{}, fmt.Errorf("read /proc/%d/stat: unknown form", pid)
	}
	start, err := strconv.ParseUint(fields[startTime], 10, 64)
	if err != nil {
		return identity{}, fmt.Errorf("read /proc/%d/stat: start time: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return identity{}, err
	}
	id := strings.TrimSpace(string(boot))
	if id == "" {
		id = "-"
	}
	return identity{pid: pid, start: start, boot: id}, nil
}

// identity reads who the cluster's process is; fs.ErrNotExist before it has
// said so.
func (d directory) identity() (identity, error) {
	b, err := os.ReadFile(d.file(pidName))
	if err != nil {
		return identity{}, err
	}
	var id identity
	if _, err := fmt.Sscanf(string(b), "%d %d %s", &id.pid, &id.start, &id.boot); err != nil || id.pid <= 1 {
		return identity{}, fmt.Errorf("read %s: not a pid, a start time and a boot id: %q", d.file(pidName), b)
	}
	return id, nil
}

// same says whether this very process still has its pid.
func (i identity) same() (bool, error) {
	now, err := identify(i.pid)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && now == i, err
}
