package state

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
)

// sinkOf takes chunks for a test.
type sinkOf func(c *Chunk)

func (sinkOf) Chunk() *Chunk   { return new(Chunk) }
func (f sinkOf) Take(c *Chunk) { f(c) }

var (
	loggedTypes  = []data.Type{data.Of(data.BigInt), data.Of(data.VarChar)}
	loggedPlaces = []int{1, -1, 0} // the string is the key
	loggedSchema = []data.Column{{Name: "k", Type: loggedTypes[1]}, {Name: "id", Type: data.Of(data.BigInt)}, {Name: "v", Type: loggedTypes[0]}}
)

const loggedGroups = 16

// logged is a log of packed rows, and what they are in the row codec by number.
type loggedRows struct {
	log    *Log
	layout *packed.Layout
	want   map[int64]string
	group  map[int64]int
	id     int64
}

func newLoggedRows(budget *Budget) *loggedRows {
	return &loggedRows{log: NewLog(budget), layout: packed.New(loggedTypes), want: map[int64]string{}, group: map[int64]int{}}
}

func (l *loggedRows) add(t *testing.T, rnd *rand.Rand, n int) {
	t.Helper()
	b := data.MakeBatch(loggedTypes, 1)
	defer b.Release()
	for range n {
		b.N = 1
		b.Cols[0].I64[0] = rnd.Int64()
		if rnd.IntN(10) == 0 {
			data.SetNullRow(b.Cols[1], 0)
		} else {
			b.Cols[1].Nulls = nil
			b.Cols[1].SetBytes(0, fmt.Appendf(nil, "%0*d", rnd.IntN(300), rnd.IntN(50)))
		}
		var scratch packed.Scratch
		sizes, err := l.layout.Sizes(&scratch, b.Cols, []int32{0})
		if err != nil {
			t.Fatal(err)
		}
		_, rec, err := l.log.Append(16 + int(sizes[0]))
		if err != nil {
			t.Fatal(err)
		}
		l.id++
		*(*int64)(unsafe.Add(rec, 8)) = l.id
		row := unsafe.Add(rec, 16)
		l.layout.Write(&scratch, b.Cols, []int32{0}, []unsafe.Pointer{row})
		want := l.layout.AppendValue(nil, row, 1)
		want = binary.AppendVarint(append(want, 1), l.id)
		l.want[l.id] = string(l.layout.AppendValue(want, row, 0))
		data.HashKeys(b, []int{1})
		l.group[l.id] = data.KeyGroup(b.Hashes[0], loggedGroups)
	}
}

// TestExtentsAreReadAsRows writes what came to a log between snapshots as it lies
// there, while more comes, and reads it back as rows: each once, in its key group.
func TestExtentsAreReadAsRows(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		budget := NewBudget(0)
		if seed%2 == 1 { // over it: some of the log is mapped from a file
			budget = NewBudget(1 << 20).SpillTo(t.TempDir())
		}
		rows := newLoggedRows(budget)
		got := map[int64]bool{}
		var d Declared
		from := uint64(LogStart)
		for range 4 {
			rows.add(t, rnd, rnd.IntN(5000))
			end, last := rows.log.End(), rows.id
			var chunks []*Chunk
			w := NewWriter(1, true, sinkOf(func(c *Chunk) { chunks = append(chunks, c) }))
			w.Packs = true
			to := w.Keyed("s", 1, 2, loggedSchema)
			if !to.Logs(Logged{Number: 8, Head: 16, Groups: loggedGroups}, loggedPlaces) {
				t.Fatal("rows cannot be put as they lie")
			}
			for {
				x, next, ok := rows.log.Extent(from, end)
				if !ok {
					break
				}
				to.Extent(x, 1)
				from = next
				rows.add(t, rnd, rnd.IntN(200))
			}
			from = end
			d = w.Snapshot.Keyed[0].Declared
			for _, c := range chunks {
				x, _ := c.Extent()
				read(t, &d, x.Mem[x.From:x.From+x.Length], func(group int, id int64, row string) {
					if got[id] || rows.want[id] != row || rows.group[id] != group {
						t.Fatalf("seed %d: row %d of group %d is %x, there before: %v; want %x of %d", seed, id, group, row, got[id], rows.want[id], rows.group[id])
					}
					got[id] = true
				})
				c.Release()
			}
			if len(got) != int(last) {
				t.Errorf("seed %d: %d rows of %d were read", seed, len(got), last)
			}
		}
		rows.log.Free()
		if err := budget.Close(); err != nil {
			t.Error(err)
		}
	}
}

func read(t *testing.T, d *Declared, records []byte, f func(group int, id int64, row string)) {
	t.Helper()
	r, err := NewLogReader(d)
	if err != nil {
		t.Fatal(err)
	}
	err = r.Read(records, func(group int, rows []byte) error {
		return EachOf(rows, func(row []byte) error {
			rest, err := data.SkipValues(row, loggedTypes[1:])
			if err != nil {
				return err
			}
			id, _ := binary.Varint(rest[1:])
			f(group, id, string(row))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLogWaitsForItsExtents frees a log that is being read only afterwards.
func TestLogWaitsForItsExtents(t *testing.T) {
	rows := newLoggedRows(NewBudget(0))
	rows.add(t, rand.New(rand.NewPCG(1, 1)), 1000)
	x, _, ok := rows.log.Extent(LogStart, rows.log.End())
	if !ok {
		t.Fatal("nothing is there")
	}
	before := slices.Clone(x.Mem)
	read := make(chan bool)
	freed := make(chan struct{})
	go func() {
		rows.log.Free()
		close(freed)
	}()
	go func() {
		same := slices.Equal(before, x.Mem)
		select {
		case <-freed:
			same = false
		default:
		}
		x.Release()
		read <- same
	}()
	if !<-read {
		t.Error("the log was freed while it was read")
	}
	<-freed
}

// TestDamagedRecords reads records that are not what was written: that ends, with
// an error or rows, and reads nothing else.
func TestDamagedRecords(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	rows := newLoggedRows(NewBudget(0))
	rows.add(t, rnd, 50)
	x, _, ok := rows.log.Extent(LogStart, rows.log.End())
	if !ok {
		t.Fatal("nothing is there")
	}
	good := slices.Clone(x.Mem[x.From : x.From+x.Length])
	x.Release()
	rows.log.Free()
	d := &Declared{Name: "s", Schema: loggedSchema, Keys: 1, Unique: 2, Packed: loggedPlaces, Logged: &Logged{Number: 8, Head: 16, Groups: loggedGroups}}
	r, err := NewLogReader(d)
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(int, []byte) error { return nil }
	for n := 1; n < 100; n += 2 {
		if err := r.Read(slices.Clone(good[:len(good)-n]), nothing); err == nil {
			t.Errorf("records cut by %d were read", n)
		}
	}
	for range 1000 {
		bad := slices.Clone(good)
		bad[rnd.IntN(len(bad))] ^= 1 << rnd.IntN(8)
		_ = r.Read(bad, nothing) // it need only end
	}
	for _, l := range []Logged{{8, 12, 16}, {8, 16, 0}, {-8, 16, 16}, {16, 16, 16}} {
		if _, err := NewLogReader(&Declared{Schema: loggedSchema, Keys: 1, Packed: loggedPlaces, Logged: &l}); err == nil {
			t.Errorf("%+v was taken", l)
		}
	}
	for _, bad := range [][]int{nil, {1, 2, 0}, {-1, -1, 0}, {-1, 1, 0}} {
		if _, err := NewLogReader(&Declared{Schema: loggedSchema, Keys: 1, Packed: bad, Logged: d.Logged}); err == nil {
			t.Errorf("columns %v were taken", bad)
		}
	}
}
