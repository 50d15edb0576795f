// Package savepoint reads the _metadata of Apache Flink's savepoints and
// checkpoints: which operators have state, of what parallelism and size, and in
// which files. Format versions 2 (Flink 1.3) to 6 (Flink 2.1 and later) are read;
// see MetadataV2Serializer and its successors in Flink's source.
//
// The state itself is not read: it is in the serialisers of Java programs.
package savepoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MetadataFile is the file whose presence says that a snapshot is complete.
const MetadataFile = "_metadata"

// maxMetadata bounds what is read: state below some kilobytes lies inside, and
// a job has some thousand operator subtasks at most.
const maxMetadata = 1 << 30

// Metadata describes a savepoint or checkpoint.
type Metadata struct {
	Version      int
	CheckpointID int64
	Operators    []Operator
	// Kind tells how it was taken; empty where the format does not tell (before 4).
	Kind Kind
}

// Kind is what sort of snapshot it is.
type Kind string

// Kinds.
const (
	Checkpoint         Kind = "CHECKPOINT"
	CanonicalSavepoint Kind = "CANONICAL_SAVEPOINT" // of any state backend
	NativeSavepoint    Kind = "NATIVE_SAVEPOINT"    // of the backend that wrote it
)

// Operator is the state of one operator.
type Operator struct {
	ID             string // 32 hex digits, as in REST answers and logs
	Name, UID      string // from version 5 on; UID is empty where the program gave none
	Parallelism    int
	MaxParallelism int
	Finished       bool // all its subtasks had ended
	Bytes          int64
	// States are the names of the operator's own states; those of keyed state are
	// not in the metadata.
	States []string
	Keyed  bool // has keyed state
	// InFlight tells that rows on their way are part of it: an unaligned checkpoint.
	InFlight bool
}

// File is a file that the snapshot needs.
type File struct {
	Path     string // as written; for relative ones the name only
	Relative bool   // to the folder of the metadata
	Size     int64
}

// Snapshot is Metadata with the files it refers to.
type Snapshot struct {
	Metadata
	Dir   string
	Files []File
}

// Local is the path of a snapshot on this machine; false when it is elsewhere.
func Local(location string) (string, bool) {
	if rest, ok := strings.CutPrefix(location, "file:"); ok {
		return "/" + strings.TrimLeft(rest, "/"), true
	}
	return location, strings.HasPrefix(location, "/")
}

// Open reads a snapshot on this machine: its folder or _metadata, as a path or a
// file: URI.
func Open(location string) (*Snapshot, error) {
	path, ok := Local(location)
	if !ok {
		return nil, fmt.Errorf("read %s: only files of this machine are read", location)
	}
	if filepath.Base(path) != MetadataFile {
		path = filepath.Join(path, MetadataFile)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s: %w", location, err)
	}
	if info.Size() > maxMetadata {
		return nil, fmt.Errorf("read the metadata of %s: %d bytes are more than can be", location, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s: %w", location, err)
	}
	s, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s: %w", location, err)
	}
	s.Dir = filepath.Dir(path)
	return s, nil
}

// Missing lists the files of a snapshot that are not there or are too short, of
// those on this machine.
func (s *Snapshot) Missing() ([]File, error) {
	var missing []File
	for _, f := range s.Files {
		path, ok := Local(f.Path)
		if f.Relative {
			path, ok = filepath.Join(s.Dir, f.Path), true
		}
		if !ok {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && info.Size() < f.Size:
			missing = append(missing, f)
		case err != nil:
			return nil, fmt.Errorf("look at the files of %s: %w", s.Dir, err)
		}
	}
	return missing, nil
}
