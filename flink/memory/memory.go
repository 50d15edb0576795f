// Package memory computes how Flink divides the memory of its processes, by
// the rules of "Set up Flink's Process Memory" in Flink's documentation
// (ProcessMemoryUtils, TaskExecutorFlinkMemoryUtils and JobManagerFlinkMemoryUtils
// in its source). Flink's own scripts ask a Java program for this; a launcher
// that starts the processes itself has to know.
package memory

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// TaskManager is the memory of a TaskManager, in bytes.
type TaskManager struct {
	FrameworkHeap, TaskHeap       int64
	FrameworkOffHeap, TaskOffHeap int64
	Network, Managed              int64
	Metaspace, Overhead           int64
}

// Heap is the size of the JVM's heap.
func (t TaskManager) Heap() int64 { return t.FrameworkHeap + t.TaskHeap }

// Direct is what the JVM may allocate outside its heap.
func (t TaskManager) Direct() int64 { return t.FrameworkOffHeap + t.TaskOffHeap + t.Network }

// Flink is what Flink itself uses.
func (t TaskManager) Flink() int64 { return t.Heap() + t.Direct() + t.Managed }

// Process is all of it.
func (t TaskManager) Process() int64 { return t.Flink() + t.Metaspace + t.Overhead }

// Properties are the settings that a TaskManager must be started with.
func (t TaskManager) Properties() map[string]string {
	b := func(n int64) string { return strconv.FormatInt(n, 10) + "b" }
	return map[string]string{
		"taskmanager.memory.framework.heap.size": b(t.FrameworkHeap), "taskmanager.memory.task.heap.size": b(t.TaskHeap),
		"taskmanager.memory.framework.off-heap.size": b(t.FrameworkOffHeap), "taskmanager.memory.task.off-heap.size": b(t.TaskOffHeap),
		"taskmanager.memory.network.min": b(t.Network), "taskmanager.memory.network.max": b(t.Network),
		"taskmanager.memory.managed.size": b(t.Managed), "taskmanager.memory.jvm-metaspace.size": b(t.Metaspace),
		"taskmanager.memory.jvm-overhead.min": b(t.Overhead), "taskmanager.memory.jvm-overhead.max": b(t.Overhead),
	}
}

// JobManager is the memory of a JobManager, in bytes.
type JobManager struct {
	Heap, OffHeap       int64
	Metaspace, Overhead int64
}

// Flink is what Flink itself uses.
func (j JobManager) Flink() int64 { return j.Heap + j.OffHeap }

// Process is all of it.
func (j JobManager) Process() int64 { return j.Flink() + j.Metaspace + j.Overhead }

// Properties are the settings that a JobManager must be started with.
func (j JobManager) Properties() map[string]string {
	b := func(n int64) string { return strconv.FormatInt(n, 10) + "b" }
	return map[string]string{
		"jobmanager.memory.heap.size": b(j.Heap), "jobmanager.memory.off-heap.size": b(j.OffHeap),
		"jobmanager.memory.jvm-metaspace.size": b(j.Metaspace),
		"jobmanager.memory.jvm-overhead.min":   b(j.Overhead), "jobmanager.memory.jvm-overhead.max": b(j.Overhead),
	}
}

const (
	mebi     = int64(1) << 20
	infinite = math.MaxInt64
)

// settings reads a configuration and keeps the first thing that is wrong.
type settings struct {
	config map[string]string
	err    error
}

func (s *settings) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// size is the value of a key in bytes; set tells whether there is one.
func (s *settings) size(key string, otherwise int64) (n int64, set bool) {
	text, ok := s.config[key]
	if !ok || strings.TrimSpace(text) == "" {
		return otherwise, false
	}
	n, err := ParseSize(text)
	if err != nil {
		s.fail("%s: %w", key, err)
	}
	return n, true
}

// fraction is a share of 1. Flink keeps such numbers in 32 bits, and so shares
// of bytes come out as they do.
func (s *settings) fraction(key string, otherwise float32) float64 {
	text, ok := s.config[key]
	if !ok || strings.TrimSpace(text) == "" {
		return float64(otherwise)
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
	if err != nil || f < 0 || f >= 1 || math.IsNaN(f) {
		s.fail("%s: %q is not a share between 0 and 1", key, text)
		return float64(otherwise)
	}
	return float64(float32(f))
}

// share is a range with a fraction, such as the network's.
type share struct {
	key      string // of its settings, less .min, .max and .fraction
	min, max int64
	fraction float64
}

func (s *settings) share(key string, low, high int64, fraction float32) share {
	c := share{key: key}
	c.min, _ = s.size(key+".min", low)
	c.max, _ = s.size(key+".max", high)
	c.fraction = s.fraction(key+".fraction", fraction)
	if c.min > c.max {
		s.fail("%s.min is larger than %s.max", key, key)
	}
	return c
}

func (c share) clamp(n int64) int64 { return min(max(n, c.min), c.max) }

// of is the share of a whole that it is a part of.
func (c share) of(whole int64) int64 { return c.clamp(times(whole, c.fraction)) }

// beside is the share of a whole of which the rest is known.
func (c share) beside(rest int64) int64 { return c.clamp(times(rest, c.fraction/(1-c.fraction))) }

// times multiplies as Flink does: with decimals, and cut.
func times(n int64, f float64) int64 {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok {
		return 0
	}
	r.Mul(r, new(big.Rat).SetInt64(n))
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

// ForTaskManager divides the memory of a TaskManager by its configuration, which
// must say the size of the process, of Flink, or of the task heap and managed
// memory.
func ForTaskManager(config map[string]string) (TaskManager, error) {
	const p = "taskmanager.memory."
	s := &settings{config: config}
	var t TaskManager
	t.FrameworkHeap, _ = s.size(p+"framework.heap.size", 128*mebi)
	t.FrameworkOffHeap, _ = s.size(p+"framework.off-heap.size", 128*mebi)
	t.TaskOffHeap, _ = s.size(p+"task.off-heap.size", 0)
	t.Metaspace, _ = s.size(p+"jvm-metaspace.size", 256*mebi)
	taskHeap, heapSet := s.size(p+"task.heap.size", 0)
	managed, managedSet := s.size(p+"managed.size", 0)
	managedFraction := s.fraction(p+"managed.fraction", .4)
	network := s.share(p+"network", 64*mebi, infinite, .1)
	overhead := s.share(p+"jvm-overhead", 192*mebi, 1024*mebi, .1)
	flink, flinkSet := s.size(p+"flink.size", 0)
	process, processSet := s.size(p+"process.size", 0)
	if s.err != nil {
		return t, s.err
	}
	exact := heapSet && managedSet
	if !exact && !flinkSet && !processSet {
		return t, fmt.Errorf("the memory of a TaskManager is not given: set %sprocess.size, %sflink.size, or both %stask.heap.size and %smanaged.size", p, p, p, p)
	}
	if !exact && !flinkSet {
		t.Overhead = overhead.of(process)
		flink = process - t.Metaspace - t.Overhead
		if flink <= 0 {
			return t, fmt.Errorf("%sprocess.size of %s leaves nothing for Flink: the JVM's own memory takes %s and %s", p, human(process), human(t.Metaspace), human(t.Overhead))
		}
	}
	fixed := t.FrameworkHeap + t.FrameworkOffHeap + t.TaskOffHeap
	switch {
	case heapSet:
		t.TaskHeap, t.Managed = taskHeap, managed
		if !managedSet {
			t.Managed = times(flink, managedFraction)
		}
		rest := fixed + t.TaskHeap + t.Managed
		if exact && !flinkSet {
			t.Network = network.beside(rest)
			break
		}
		t.Network = flink - rest
		if t.Network < network.min || t.Network > network.max {
			return t, fmt.Errorf("%s for Flink in a TaskManager leave %s for the network, which is not between %s and %s", human(flink), human(t.Network), human(network.min), human(network.max))
		}
	default:
		t.Managed = managed
		if !managedSet {
			t.Managed = times(flink, managedFraction)
		}
		t.Network = network.of(flink)
		t.TaskHeap = flink - fixed - t.Managed - t.Network
	}
	if t.TaskHeap < 0 || t.Managed < 0 {
		return t, fmt.Errorf("%s for Flink in a TaskManager is too little: its framework takes %s, the network %s, managed memory %s", human(flink), human(fixed), human(t.Network), human(max(t.Managed, 0)))
	}
	err := finish(&t.Overhead, overhead, t.Flink(), t.Metaspace, process, processSet, p)
	return t, err
}

// ForJobManager divides the memory of a JobManager by its configuration, which
// must say the size of the process, of Flink, or of the heap.
func ForJobManager(config map[string]string) (JobManager, error) {
	const p = "jobmanager.memory."
	s := &settings{config: config}
	var j JobManager
	j.OffHeap, _ = s.size(p+"off-heap.size", 128*mebi)
	j.Metaspace, _ = s.size(p+"jvm-metaspace.size", 256*mebi)
	heap, heapSet := s.size(p+"heap.size", 0)
	overhead := s.share(p+"jvm-overhead", 192*mebi, 1024*mebi, .1)
	flink, flinkSet := s.size(p+"flink.size", 0)
	process, processSet := s.size(p+"process.size", 0)
	if s.err != nil {
		return j, s.err
	}
	switch {
	case heapSet && flinkSet:
		j.Heap, j.OffHeap = heap, flink-heap
	case heapSet:
		j.Heap = heap
	case flinkSet:
		j.Heap = flink - j.OffHeap
	case processSet:
		j.Overhead = overhead.of(process)
		j.Heap = process - j.Metaspace - j.Overhead - j.OffHeap
	default:
		return j, fmt.Errorf("the memory of the JobManager is not given: set %sprocess.size, %sflink.size or %sheap.size", p, p, p)
	}
	if j.Heap <= 0 || j.OffHeap < 0 {
		return j, fmt.Errorf("the memory of the JobManager is too little: off-heap memory takes %s, the JVM's own %s and %s, which leaves %s for the heap",
			human(j.OffHeap), human(j.Metaspace), human(j.Overhead), human(j.Heap))
	}
	err := finish(&j.Overhead, overhead, j.Flink(), j.Metaspace, process, processSet, p)
	return j, err
}

// finish adds what the JVM needs besides.
func finish(into *int64, overhead share, flink, metaspace, process int64, processSet bool, p string) error {
	if !processSet {
		*into = overhead.beside(flink + metaspace)
		return nil
	}
	*into = process - flink - metaspace
	if *into < overhead.min || *into > overhead.max {
		return fmt.Errorf("%sprocess.size of %s leaves %s for the JVM's overhead, which is not between %s and %s", p, human(process), human(*into), human(overhead.min), human(overhead.max))
	}
	return nil
}

func human(n int64) string {
	if n == infinite {
		return "any amount"
	}
	return strconv.FormatFloat(float64(n)/float64(mebi), 'f', -1, 64) + " MiB"
}

// ParseSize reads a size as Flink's MemorySize does: a whole number and a unit
// (b, k, m, g, t and their longer forms); without one it is bytes.
func ParseSize(text string) (int64, error) {
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(text[:end], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size: a whole number and a unit such as 512m are expected", text)
	}
	shift := uint(0)
	switch unit := strings.ToLower(strings.TrimSpace(text[end:])); unit {
	case "", "b", "bytes":
	case "k", "kb", "kibibytes":
		shift = 10
	case "m", "mb", "mebibytes":
		shift = 20
	case "g", "gb", "gibibytes":
		shift = 30
	case "t", "tb", "tebibytes":
		shift = 40
	default:
		return 0, fmt.Errorf("%q is not a size: unit %q is none of b, k, m, g, t", text, unit)
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is too large", text)
	}
	return n << shift, nil
}
