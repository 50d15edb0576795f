package storage

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pages is a File that writes whole pages of memory without a copy: what is
// written after Pad, begins at a multiple of PageSize in memory and is large goes
// to the disk as it lies there. It must not change meanwhile.
type Pages interface {
	File
	// Pad fills the file up to a multiple of PageSize, and says how many bytes that took.
	Pad() (int, error)
}

// PageSize is what memory, places and lengths are multiples of where the cache of
// the system is passed by.
const PageSize = 4096

// directFrom is how much it takes to pass by the cache: less is gathered.
const directFrom = 64 << 10

// Page makes a buffer of n bytes that begins at a multiple of PageSize.
func Page(n int) []byte {
	b := make([]byte, n+PageSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (PageSize - 1))
	return b[skip : skip+n : skip+n]
}

// direct writes a file past the system's cache where it can: what lies in the
// cache is copied, and written when the system likes to, while all who write
// wait. Where a file system cannot do so it writes as ever.
type direct struct {
	f    *os.File
	end  int64  // of what is in the file
	tail []byte // what comes behind it; nil until pages are asked for
	on   bool   // the file's mode
	off  bool   // it cannot
}

// pad fills it up to a whole page.
func (d *direct) pad() (int, error) {
	if d.tail == nil {
		d.tail = Page(directFrom)[:0]
	}
	n := int(-(d.end + int64(len(d.tail))) & (PageSize - 1))
	if d.end&(PageSize-1) != 0 {
		if err := d.flush(); err != nil {
			return 0, err
		}
		return n, d.put(zeros[:n])
	}
	d.tail = append(d.tail, zeros[:n]...) // its size is one of whole pages
	return n, nil
}

var zeros [PageSize]byte

func (d *direct) write(p []byte) error {
	if !d.off && len(p) >= directFrom && uintptr(unsafe.Pointer(unsafe.SliceData(p)))&(PageSize-1) == 0 &&
		d.tail != nil && len(d.tail)&(PageSize-1) == 0 && d.end&(PageSize-1) == 0 {
		if err := d.flush(); err != nil {
			return err
		}
		whole := len(p) &^ (PageSize - 1)
		if err := d.put(p[:whole]); err != nil {
			return err
		}
		p = p[whole:]
	}
	if d.tail == nil {
		return d.put(p)
	}
	for len(p) > 0 {
		n := copy(d.tail[len(d.tail):cap(d.tail)], p)
		d.tail, p = d.tail[:len(d.tail)+n], p[n:]
		if len(d.tail) == cap(d.tail) {
			if err := d.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the tail.
func (d *direct) flush() error {
	if len(d.tail) == 0 {
		return nil
	}
	err := d.put(d.tail)
	d.tail = d.tail[:0]
	return err
}

// put writes pages, or the last bytes of the file, at its end.
func (d *direct) put(p []byte) error {
	d.mode(len(p)&(PageSize-1) == 0 && d.end&(PageSize-1) == 0)
	for len(p) > 0 {
		n, err := d.f.WriteAt(p, d.end)
		d.end += int64(n)
		p = p[n:]
		if d.on && errors.Is(err, unix.EINVAL) {
			d.off = true
			d.mode(false)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mode passes by the cache, or no longer.
func (d *direct) mode(on bool) {
	if on = on && !d.off; on == d.on {
		return
	}
	c, err := d.f.SyscallConn()
	if err != nil {
		d.off = true
		return
	}
	cerr := c.Control(func(fd uintptr) {
		var flags int
		if flags, err = unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil {
			return
		}
		flags &^= unix.O_DIRECT
		if on {
			flags |= unix.O_DIRECT
		}
		_, err = unix.FcntlInt(fd, unix.F_SETFL, flags)
	})
	if err != nil || cerr != nil { // it cannot be put on; off it always can
		d.off = true
		return
	}
	d.on = on
}
