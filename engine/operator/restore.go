package operator

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// EachKept calls f for every row of a keyed state, written under schema with its
// first columns as the key: decoded as row 0 of b, as it was written, and with
// its partition, which may be new. b and row are valid during the call.
func EachKept[T any](r *state.Reader, name string, schema []data.Column, keys int, parts *Partitions[T],
	f func(b *data.Batch, row []byte, p *Partition[T]) error,
) error {
	types := typesOf(schema)
	which := make([]int, keys)
	for i := range which {
		which[i] = i
	}
	b := data.NewBatch(0)
	defer func() { b.Release() }()
	n := 0
	return r.EachRow(name, func(written []data.Column, _ int, row []byte) error {
		if err := SameSchema(written, schema); err != nil {
			return err
		}
		if n++; n%data.BatchSize == 1 { // with its strings so far
			b.Release()
			b = data.MakeBatch(types, 1)
		}
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		data.HashKeys(b, which)
		p, err := parts.ResolveBy(b, which, []int32{0})
		if err != nil {
			return err
		}
		return f(b, row, p[0])
	})
}

// SnapshotWhole is a Stateful's Snapshot by means of a Snapshotter's own calls.
func SnapshotWhole(s Snapshotter, w *state.Writer) error {
	if err := s.Begin(w); err != nil {
		return err
	}
	defer s.End(w.Checkpoint, false)
	for {
		done, err := s.Continue()
		if done || err != nil {
			return err
		}
	}
}
