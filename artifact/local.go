package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Local brings a file of a store to a folder of this machine and returns its
// path there. What was brought before with the same content is used again, so
// the store is only asked whether it is still the same.
func Local(ctx context.Context, s Store, dir, namespace, name string) (_ string, err error) {
	if err := CheckName("filename", name); err != nil {
		return "", err
	}
	info, err := s.Stat(ctx, namespace, name)
	if err != nil {
		return "", err
	}
	version := info.SHA256
	if version == "" { // others put it there
		version = fmt.Sprintf("%d-%d", info.CreateTime.UnixNano(), info.Size)
	}
	folder := filepath.Join(dir, namespace, version)
	path := filepath.Join(folder, name)
	if stat, err := os.Stat(path); err == nil && stat.Size() == info.Size {
		return path, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("bring artifact %q here: %w", name, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("bring artifact %q here: %w", name, err)
	}
	r, err := s.Open(ctx, namespace, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }() // only read
	tmp, err := os.CreateTemp(folder, ".download-*")
	if err != nil {
		return "", fmt.Errorf("bring artifact %q here: %w", name, err)
	}
	defer func() {
		if err != nil {
			_ = errors.Join(tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	n, err := io.Copy(tmp, r)
	if err == nil && n != info.Size {
		err = fmt.Errorf("it changed meanwhile: %d bytes came, not %d", n, info.Size)
	}
	if err == nil {
		err = errors.Join(tmp.Chmod(0o644), tmp.Close(), os.Rename(tmp.Name(), path))
	}
	if err != nil {
		return "", fmt.Errorf("bring artifact %q here: %w", name, err)
	}
	return path, nil
}
