package process

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// logMost is the size at which a process begins its log anew; one older part
// is kept, so a chatty job cannot fill the disk.
const logMost = 32 << 20

// rotate lets output go to a new file at path once the old one is larger than
// most, and keeps the old one as path.1. Only files that are open on the log
// are turned; a process started by hand writes to a terminal.
func rotate(path string, most int64, fds ...int) error {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= most {
		return nil // no log is no reason to complain in it
	}
	var ours []int
	for _, fd := range fds {
		var open, named unix.Stat_t
		if unix.Fstat(fd, &open) == nil && unix.Stat(path, &named) == nil && open.Ino == named.Ino && open.Dev == named.Dev {
			ours = append(ours, fd)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	if err := os.Rename(path, path+".1"); err != nil {
		return fmt.Errorf("begin a new log: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("begin a new log: %w", err)
	}
	defer f.Close()
	var errs []error
	for _, fd := range ours {
		if err := unix.Dup3(int(f.Fd()), fd, 0); err != nil {
			errs = append(errs, fmt.Errorf("begin a new log: %w", err))
		}
	}
	return errors.Join(errs...)
}
