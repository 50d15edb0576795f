package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// list calls found with the path, relative to root, of every file to read, in
// the order of names. A root that is a file is found under its own name.
func list(root string, found func(rel string)) error {
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("option 'path': %s does not exist", root)
	}
	if err != nil {
		return fmt.Errorf("option 'path': %w", err)
	}
	if info.Mode().IsRegular() {
		found(filepath.Base(root))
		return nil
	}
	if !info.IsDir() {
		return fmt.Errorf("option 'path': %s is neither a file nor a folder", root)
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path != root {
				return nil // gone since it was listed
			}
			return err
		}
		if path == root {
			return nil
		}
		if name := e.Name(); name[0] == '.' || name[0] == '_' && !strings.Contains(name, "=") {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 {
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
				return nil
			}
		} else if !e.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found(filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		return fmt.Errorf("list files of %s: %w", root, err)
	}
	return nil
}

// partitionText reads the values of partition columns from the folders of a
// path, such as day=2024-01-01/region=eu/part-1.
func partitionText(rel string) map[string]string {
	m := map[string]string{}
	folders := strings.Split(rel, "/")
	for _, folder := range folders[:len(folders)-1] {
		if k, v, ok := strings.Cut(folder, "="); ok {
			m[unescapePart(k)] = unescapePart(v)
		}
	}
	return m
}

func unescapePart(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// partitionValue converts the text of a partition folder.
func partitionValue(text string, t data.Type) (data.Value, error) {
	switch t.Kind {
	case data.Char, data.VarChar:
		return data.Value{S: text}, nil
	case data.Boolean:
		b, err := data.ParseBool(text)
		if b {
			return data.Value{I: 1}, err
		}
		return data.Value{}, err
	case data.TinyInt:
		x, err := data.ParseInt(text, 8)
		return data.Value{I: x}, err
	case data.SmallInt:
		x, err := data.ParseInt(text, 16)
		return data.Value{I: x}, err
	case data.Int:
		x, err := data.ParseInt(text, 32)
		return data.Value{I: x}, err
	case data.BigInt:
		x, err := data.ParseInt(text, 64)
		return data.Value{I: x}, err
	case data.Float:
		x, err := data.ParseFloat(text, 32)
		return data.Value{F: x}, err
	case data.Double:
		x, err := data.ParseFloat(text, 64)
		return data.Value{F: x}, err
	case data.Decimal:
		x, err := data.ParseDecimal(text, t.Precision, t.Scale)
		if t.Precision <= 18 {
			return data.Value{I: x.Int64()}, err
		}
		return data.Value{D: x}, err
	case data.Date:
		x, err := data.ParseDate(text)
		return data.Value{I: int64(x)}, err
	case data.Time:
		x, err := data.ParseTime(text)
		return data.Value{I: int64(x)}, err
	case data.Timestamp:
		ms, nano, err := data.ParseTimestamp(text)
		ms, nano = data.TruncateNano(ms, nano, t.Precision)
		return data.Value{I: ms, Nano: nano}, err
	}
	return data.Value{}, fmt.Errorf("type %s cannot be a partition column", t)
}
