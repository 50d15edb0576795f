package accumulator

import (
	"encoding/binary"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// shot is where a snapshot of groups goes.
type shot struct {
	main           *state.KeyedWriter
	sides          []*state.KeyedWriter
	runs           []bool // of sides: rows are put several at a time
	windowed       bool
	window         int64
	maxParallelism int
	done           int // how many tables are written: the groups, then the sides
	puts           int
	row            []byte
}

// sliceOf is about how many records are written at a time.
const sliceOf = 1024

func (s *Set) declare(w *state.Writer, prefix, slice string, windowed bool, maxParallelism int) shot {
	to := shot{windowed: windowed, maxParallelism: maxParallelism}
	add := func(name string, keys, unique int, schema []data.Column) *state.KeyedWriter {
		if windowed {
			unique++
		}
		if slice != "" {
			return w.Slice(prefix+name, slice, keys, unique, schema)
		}
		return w.Keyed(prefix+name, keys, unique, schema)
	}
	to.main = add("groups", len(s.keys), len(s.keys), s.stateSchema(windowed))
	for k, d := range s.sides {
		side := add(d.name, len(s.keys), len(s.keys)+1, s.sideSchema(k, windowed))
		to.sides, to.runs = append(to.sides, side), append(to.runs, d.block > 0 && side.Runs())
	}
	return to
}

// Begin fixes the state of this moment for a snapshot, to be written by
// Continue; what is changed earlier is written before.
func (g *Groups) Begin(w *state.Writer, maxParallelism int) error {
	g.begin(g.set.declare(w, "", "", false, maxParallelism))
	return nil
}

// BeginWindow is Begin for the groups of one window, or with slices of one slice
// of windows, in a slice of the snapshot. fresh says that no completed snapshot
// has it.
func (g *Groups) BeginWindow(w *state.Writer, end int64, slices, fresh bool, maxParallelism int) {
	prefix := ""
	if slices {
		prefix = slicePrefix
	}
	to := g.set.declare(w, prefix, windowName(end), true, maxParallelism)
	to.window = end
	if fresh {
		to.main.Rewrite()
		for _, k := range to.sides {
			k.Rewrite()
		}
	}
	g.begin(to)
}

func (g *Groups) begin(to shot) {
	g.shot = to
	g.Table.Begin(to.main.Whole(), func(rec unsafe.Pointer) error { g.putGroup(rec); return nil })
	for k, t := range g.sides {
		t.Begin(to.sides[k].Whole(), func(rec unsafe.Pointer) error { g.putSide(k, rec); return nil })
	}
}

// Continue writes some more of the snapshot begun last, up to n records or the
// work of as many, and returns how many are left of n; done when all is written.
func (g *Groups) Continue(n int) (left int, done bool, err error) {
	s := &g.shot
	for n > 0 && s.main != nil && s.done <= len(g.sides) {
		t, to := g.Table, s.main
		if s.done > 0 {
			t, to = g.sides[s.done-1], s.sides[s.done-1]
		}
		step := min(n, sliceOf)
		if s.done > 0 {
			step = max(step>>g.set.sides[s.done-1].block, 1)
		}
		before := s.puts
		ended, err := t.Continue(step)
		if err != nil {
			return 0, false, err
		}
		n -= max(s.puts-before, step/4)
		if !ended {
			continue
		}
		n += step / 4
		named := 0
		ended, err = t.Deleted(step, func(hash uint64, key []byte) error {
			named++
			s.row = append(s.row[:0], key...)
			if s.windowed {
				s.row = appendInt(s.row, s.window)
			}
			to.Delete(data.KeyGroup(hash, s.maxParallelism), s.row)
			return nil
		})
		if err != nil {
			return 0, false, err
		}
		n -= named / 4
		if ended {
			s.done++
		}
	}
	return n, s.main == nil || s.done > len(g.sides), nil
}

// End says that the snapshot begun last is durable, or was given up.
func (g *Groups) End(completed bool) {
	g.Table.End(completed)
	for _, t := range g.sides {
		t.End(completed)
	}
	g.shot = shot{row: g.shot.row}
}

// Restored says that all there is came from a completed snapshot.
func (g *Groups) Restored() {
	g.Table.Restored()
	for _, t := range g.sides {
		t.Restored()
	}
}

func (g *Groups) putGroup(rec unsafe.Pointer) {
	s := &g.shot
	group := data.KeyGroup(state.Hash(rec), s.maxParallelism)
	row := g.Table.Key(s.main.Open(group), rec)
	if s.windowed {
		row = appendInt(row, s.window)
	}
	s.main.Close(group, g.Encode(row, rec))
	s.puts++
}

// Encode appends the number of rows and the aggregates of a record to a row, in
// the form of Columns.
func (g *Groups) Encode(row []byte, rec unsafe.Pointer) []byte {
	row = appendInt(row, Rows(rec))
	for _, a := range g.set.accs {
		row = a.encode(g, row, rec)
	}
	return row
}

func (g *Groups) putSide(k int, rec unsafe.Pointer) {
	if g.set.sides[k].block > 0 {
		g.putBlock(k, rec)
		return
	}
	s, t := &g.shot, g.sides[k]
	group := data.KeyGroup(state.Hash(t.Owner(rec)), s.maxParallelism)
	row := t.Key(s.sides[k].Open(group), rec)
	if s.windowed {
		row = appendInt(row, s.window)
	}
	d := &g.set.sides[k]
	for i := range d.numbers {
		row = appendInt(row, *i64(rec, d.first()+8*i))
	}
	s.sides[k].Close(group, row)
	s.puts++
}

// putBlock writes the rows of the values of a block.
func (g *Groups) putBlock(k int, rec unsafe.Pointer) {
	s, t, d := &g.shot, g.sides[k], &g.set.sides[k]
	owner := t.Owner(rec)
	group := data.KeyGroup(state.Hash(owner), s.maxParallelism)
	s.row = g.Table.Key(s.row[:0], owner)
	to := s.sides[k]
	before := s.puts
	if !s.runs[k] {
		g.buf = d.eachValue(t, rec, g.buf, func(x int64, seen uint64) {
			row := appendInt(append(to.Open(group), s.row...), x)
			if s.windowed {
				row = appendInt(row, s.window)
			}
			to.Close(group, appendInt(row, int64(seen)))
			s.puts++
		})
		return
	}
	run := binary.AppendUvarint(to.Open(group), uint64(len(s.row)))
	run = append(run, s.row...)
	g.buf = d.eachValue(t, rec, g.buf, func(x int64, seen uint64) {
		at := len(run)
		run = appendInt(append(run, 0), x)
		if s.windowed {
			run = appendInt(run, s.window)
		}
		run = appendInt(run, int64(seen))
		run[at] = byte(len(run) - at - 1) // three numbers are less than 128 bytes
		s.puts++
	})
	to.CloseRun(group, run, s.puts-before)
}

func (g *Groups) fail(err error) {
	if err != nil && g.failed == nil {
		g.failed = err
	}
}
