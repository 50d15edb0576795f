package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/weir-streams/weir/engine/format"
)

const (
	partBuffer = 64 << 10
	hiddenEnd  = ".inprogress"
)

var errNoSpace, errNotDir error = syscall.ENOSPC, syscall.ENOTDIR

func hiddenName(name string) string { return "." + name + hiddenEnd }

// part is a file being written.
type part struct {
	folder, name, path string
	file               *os.File
	buf                []byte
	size, rows         int64
	used               int
	opened             time.Time
	writer             format.FileWriter // of formats that write files by themselves
	picked             []int32           // rows of the batch at hand that are for it
}

// Write takes bytes of a writer.
func (p *part) Write(text []byte) (int, error) {
	p.buf = append(p.buf, text...)
	if len(p.buf) >= partBuffer {
		return len(text), p.flush()
	}
	return len(text), nil
}

// length is about how long the file is.
func (p *part) length() int64 {
	n := p.size + int64(len(p.buf))
	if p.writer != nil {
		n += p.writer.Buffered()
	}
	return n
}

func create(root, folder, name string, header []byte) (*part, error) {
	dir := filepath.Join(root, filepath.FromSlash(folder))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make folder: %w", explain(err))
	}
	path := filepath.Join(dir, hiddenName(name))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("make file: %w", explain(err))
	}
	return &part{folder: folder, name: name, path: path, file: f, buf: append(make([]byte, 0, partBuffer+4096), header...), opened: time.Now()}, nil
}

func (p *part) flush() error {
	n, err := p.file.Write(p.buf)
	p.size += int64(n)
	p.buf = p.buf[:0]
	if err != nil {
		return fmt.Errorf("write: %w", explain(err))
	}
	return nil
}

// close makes the file durable.
func (p *part) close() error {
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.file.Sync(); err != nil {
		return fmt.Errorf("write: %w", explain(err))
	}
	if err := p.file.Close(); err != nil {
		return fmt.Errorf("write: %w", explain(err))
	}
	return syncFolder(filepath.Dir(p.path))
}

func (p *part) remove() error {
	_ = p.file.Close()
	if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unpublished file: %w", err)
	}
	return nil
}

// syncFolder makes names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
