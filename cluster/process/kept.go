package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/weir-streams/weir/cluster"
)

const (
	// logEnding is of the files that logs are kept in.
	logEnding = ".log"
	// keptMost is how many bytes of the end of each log are kept.
	keptMost = 1 << 20
	// logsOfOne is how many logs of one cluster are kept: its own and those of
	// the processes that it started itself.
	logsOfOne = 9
)

// KeptLog opens the log of a cluster that was removed. The logs of the
// processes that the cluster started itself follow its own, each under a line
// with its name.
func (l *Launcher) KeptLog(_ context.Context, ref cluster.Ref) (io.ReadCloser, error) {
	dir, err := l.directoryOf(ref.Cluster())
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(l.config.Dir, logsName, filepath.Base(string(dir))+logEnding))
	if err != nil {
		return nil, fmt.Errorf("kept log of %s: %w", ref, err)
	}
	return f, nil
}

// keepLog writes the ends of the cluster's logs to a file. A cluster that
// wrote nothing leaves none.
func (d directory) keepLog(kept string) error {
	own := d.file(logName)
	others, _ := filepath.Glob(filepath.Join(d.file(stateName), "logs", "*.log")) // the pattern is ours
	slices.Sort(others)
	info, err := os.Stat(own)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(others) == 0:
		return nil
	case err == nil && len(others) == 0 && info.Size() <= keptMost:
		return os.Rename(own, kept)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	out, err := os.OpenFile(kept+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	errs := []error{tail(out, own)}
	for _, path := range others[:min(len(others), logsOfOne-1)] {
		_, err := fmt.Fprintf(out, "==> %s <==\n", filepath.Base(path))
		errs = append(errs, err, tail(out, path))
	}
	if err := errors.Join(append(errs, out.Close())...); err != nil {
		return errors.Join(err, os.Remove(kept+".new"))
	}
	return os.Rename(kept+".new", kept)
}

// tail copies the end of a file, from the beginning of a line.
func tail(to io.Writer, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, min(info.Size(), keptMost))
	if _, err := f.ReadAt(b, info.Size()-int64(len(b))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if cut := slices.Index(b, '\n'); int64(len(b)) < info.Size() && cut >= 0 {
		if _, err := fmt.Fprintf(to, "… %d bytes before this are not kept\n", info.Size()-int64(len(b)-cut-1)); err != nil {
			return err
		}
		b = b[cut+1:]
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	_, err = to.Write(b)
	return err
}
