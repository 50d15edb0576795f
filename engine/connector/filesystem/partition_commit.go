package filesystem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// A partition is committed, by a file in its folder, when it is complete as far
// as one can know: some time after its first file (process-time), or when event
// time has passed its own (partition-time). Either is looked at when a checkpoint
// is complete, with event time as it was at the checkpoint and not later: rows
// that came since may still be for the partition, and their files have no names.

// commitPolicy is the options of partition commit; nil: there is none.
type commitPolicy struct {
	byTime bool // partition-time
	delay  time.Duration
	file   string
	time   partitionTime
}

func newCommitPolicy(t graph.Table, o option.Values) (*commitPolicy, error) {
	kinds := o.String("sink.partition-commit.policy.kind")
	if kinds == "" {
		return nil, nil
	}
	if len(t.PartitionBy) == 0 {
		return nil, fmt.Errorf("option 'sink.partition-commit.policy.kind': table %s has no partitions; declare PARTITIONED BY", t.Name)
	}
	for kind := range strings.SplitSeq(kinds, ",") {
		switch kind = strings.TrimSpace(kind); kind {
		case "success-file":
		case "metastore":
			return nil, errors.New("option 'sink.partition-commit.policy.kind': 'metastore' needs a Hive catalog, which there is not; use 'success-file'")
		case "custom":
			return nil, errors.New("option 'sink.partition-commit.policy.kind': 'custom' needs a class of Java; use 'success-file'")
		default:
			return nil, fmt.Errorf("option 'sink.partition-commit.policy.kind': %q is not known; there is 'success-file'", kind)
		}
	}
	p := &commitPolicy{
		byTime: o.String("sink.partition-commit.trigger") == "partition-time", delay: o.Duration("sink.partition-commit.delay"),
		file: o.String("sink.partition-commit.success-file.name"),
	}
	if p.file == "" || strings.ContainsAny(p.file, `/\`) {
		return nil, fmt.Errorf("option 'sink.partition-commit.success-file.name': %q is not the name of a file", p.file)
	}
	var err error
	p.time, err = newPartitionTime(t.PartitionBy, o)
	return p, err
}

// partitions is what the subtasks of a sink know together of partitions that are
// not committed yet.
type partitions struct {
	policy *commitPolicy
	root   string

	mu         sync.Mutex
	watermarks []int64          // by subtask, at its last complete checkpoint
	waiting    map[string]int64 // since when, in milliseconds, by folder
}

func newPartitions(p *commitPolicy, root string, n int) *partitions {
	s := &partitions{policy: p, root: root, watermarks: make([]int64, n), waiting: map[string]int64{}}
	for i := range s.watermarks {
		s.watermarks[i] = data.MinWatermark
	}
	return s
}

// add notes that a folder has a new file, which is not visible yet.
func (s *partitions) add(folder string, since int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.waiting[folder]; !ok || since < at {
		s.waiting[folder] = since
	}
}

// still tells which of some folders wait, and since when.
func (s *partitions) still(folders map[string]bool) map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int64{}
	for f := range folders {
		if at, ok := s.waiting[f]; ok {
			out[f] = at
		}
	}
	return out
}

// reached notes event time of a subtask at a checkpoint that is complete, and
// commits the partitions that are due.
func (s *partitions) reached(subtask int, watermark int64, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watermarks[subtask] = max(s.watermarks[subtask], watermark)
	event := slices.Min(s.watermarks)
	var folders []string
	for folder := range s.waiting {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		due := event == data.MaxWatermark || !s.policy.byTime && now.UnixMilli() >= s.waiting[folder]+s.policy.delay.Milliseconds()
		if !due && s.policy.byTime && event != data.MinWatermark {
			at, err := s.policy.time.of(folder)
			if err != nil {
				return err
			}
			due = event >= at+s.policy.delay.Milliseconds()
		}
		if !due {
			continue
		}
		dir := filepath.Join(s.root, filepath.FromSlash(folder))
		if _, err := os.Stat(dir); err == nil { // else somebody has taken it away
			if err := os.WriteFile(filepath.Join(dir, s.policy.file), nil, 0o666); err != nil {
				return fmt.Errorf("commit partition %s: %w", folder, explain(err))
			}
			if err := syncFolder(dir); err != nil {
				return err
			}
		}
		delete(s.waiting, folder)
	}
	return nil
}

// progress is what a checkpoint keeps of partition commit: event time of a
// subtask, and the folders it has written that are not committed.
type progress struct {
	watermark int64
	waiting   map[string]int64
}

const progressMark = 2 // the first byte, where that of a file is 1

func (p progress) encode() []byte {
	b := binary.AppendVarint([]byte{progressMark}, p.watermark)
	for folder, since := range p.waiting {
		b = binary.AppendUvarint(b, uint64(len(folder)))
		b = append(b, folder...)
		b = binary.AppendVarint(b, since)
	}
	return b
}

func decodeProgress(b []byte) (p progress, err error) {
	damaged := errors.New("record of partitions to commit is damaged")
	p.waiting = map[string]int64{}
	at, w := binary.Varint(b[1:])
	if w <= 0 {
		return p, damaged
	}
	p.watermark = at
	for b = b[1+w:]; len(b) > 0; {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) || n > math.MaxInt32 {
			return p, damaged
		}
		folder := string(b[w : w+int(n)])
		b = b[w+int(n):]
		since, w := binary.Varint(b)
		if w <= 0 {
			return p, damaged
		}
		p.waiting[folder] = since
		b = b[w:]
	}
	return p, nil
}
