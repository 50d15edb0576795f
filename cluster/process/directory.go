package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/weir-streams/weir/cluster"
)

// Names within a cluster's directory.
const (
	specName   = "spec.json"   // the cluster.Spec; it may hold secrets
	aliveName  = "alive"       // locked by the process for its life
	pidName    = "pid"         // pid and start time, written by the process
	socketName = "engine.sock" // where it answers
	logName    = "log"         // its standard output and error
	exitName   = "exit"        // how it ended, written by the parent
	stateName  = "state"       // scratch space of the process
)

// logsName is the folder beside the clusters that keeps the logs of removed ones.
const logsName = "logs"

// directory is the place of one cluster.
type directory string

func (d directory) file(name string) string { return filepath.Join(string(d), name) }

// exists is an error when it cannot be told.
func (d directory) exists() (bool, error) {
	_, err := os.Lstat(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (d directory) spec() (cluster.Spec, error) {
	var spec cluster.Spec
	b, err := os.ReadFile(d.file(specName))
	if err != nil {
		return spec, fmt.Errorf("read the cluster's spec: %w", err)
	}
	if err := json.Unmarshal(b, &spec); err != nil {
		return spec, fmt.Errorf("read the cluster's spec %s: %w", d.file(specName), err)
	}
	return spec, nil
}

// create makes the directory with the spec in it, both or neither.
func (d directory) create(spec cluster.Spec) error {
	b, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return fmt.Errorf("write the cluster's spec: %w", err)
	}
	made := directory(filepath.Join(filepath.Dir(string(d)), "."+filepath.Base(string(d))+".new"))
	if err := os.RemoveAll(string(made)); err != nil {
		return fmt.Errorf("clear the remains of an interrupted launch: %w", err)
	}
	if err := os.Mkdir(string(made), 0o700); err != nil {
		return fmt.Errorf("make the cluster's directory: %w", err)
	}
	for name, content := range map[string][]byte{specName: b, aliveName: nil} {
		if err := writeFile(made.file(name), content); err != nil {
			return fmt.Errorf("make the cluster's directory: %w", err)
		}
	}
	if err := os.Mkdir(made.file(stateName), 0o700); err != nil {
		return fmt.Errorf("make the cluster's directory: %w", err)
	}
	if err := os.Rename(string(made), string(d)); err != nil {
		return fmt.Errorf("make the cluster's directory: %w", err)
	}
	return nil
}

// remove keeps the log and takes away the rest. Half a directory is never seen.
func (d directory) remove(logs string) error {
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return fmt.Errorf("keep the log: %w", err)
	}
	if err := d.keepLog(filepath.Join(logs, filepath.Base(string(d))+logEnding)); err != nil {
		return fmt.Errorf("keep the log: %w", err)
	}
	trash := filepath.Join(filepath.Dir(string(d)), "."+filepath.Base(string(d))+".old")
	if err := os.RemoveAll(trash); err != nil {
		return fmt.Errorf("remove the cluster's directory: %w", err)
	}
	if err := os.Rename(string(d), trash); err != nil {
		return fmt.Errorf("remove the cluster's directory: %w", err)
	}
	if err := os.RemoveAll(trash); err != nil {
		return fmt.Errorf("remove the cluster's directory: %w", err)
	}
	return nil
}

// lastWords is what a person should read first of a log: the panic, if there
// is one near its end, else the last line that is no news of the ordinary;
// shortened.
func (d directory) lastWords() string {
	lines := cluster.LastLines(d.file(logName))
	words := ""
	for _, line := range slices.Backward(lines) {
		if !strings.HasPrefix(line, "time=") || !strings.Contains(line, " level=INFO ") {
			words = line
			break
		}
	}
	for _, line := range slices.Backward(lines) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			words = line
			break
		}
	}
	return cluster.Words(words)
}

// writeFile writes a file of its owner's, to the disk.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// replaceFile is writeFile that shows the old content or the new.
func replaceFile(path string, b []byte) error {
	if err := writeFile(path+".new", b); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

var safeName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,63}$`)

// directoryOf names the cluster's place; ids that are no file names are refused.
func (l *Launcher) directoryOf(ref cluster.Ref) (directory, error) {
	name := ref.Incarnation()
	if !safeName.MatchString(name) {
		return "", fmt.Errorf("%w: id %q of a cluster is not made of letters, digits and dashes", cluster.ErrRefused, name)
	}
	// Without the parent nothing is proved: the disk may not be mounted.
	if _, err := os.Stat(l.config.Dir); err != nil {
		return "", fmt.Errorf("look into the folder of clusters: %w", err)
	}
	return directory(filepath.Join(l.config.Dir, name)), nil
}
