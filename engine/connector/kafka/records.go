package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// records turns records into rows: columns from the value, the key, and what
// Kafka knows of the record.
type records struct {
	value, key part
	keyed      bool // keys are decoded
	upsert     bool
	meta       []metadata

	reading  string // topic and partition
	rejected *connector.ParseErrors

	// scratch
	counted []*kgo.Record // those that are rows or deletions
	rowOf   []int32       // by row: index into counted
}

// part is one side of a record.
type part struct {
	decoder format.Decoder
	at      []int // positions of its outputs in the batch
	types   []data.Type

	ends []int
	rows []int32 // by message: rows up to and with it
}

type metadata struct {
	at  int
	key string
	typ data.Type
}

func newRecords(s connector.SourceSpec, upsert bool) (*records, error) {
	t := s.Source.Table
	l, err := layoutOf(t, s.Options, upsert)
	if err != nil {
		return nil, err
	}
	r := &records{upsert: upsert}
	if r.rejected, err = connector.NewParseErrors(s); err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	bad := func(e *format.RecordError, record []byte) { r.rejected.Add(r.reading, e, record) }
	inKey, inValue := positionsOf(l.key), positionsOf(l.value)
	var keyPaths, valuePaths [][]int
	for k, p := range s.Source.Output {
		typ := s.Schema[k].Type
		if p.Metadata >= 0 {
			r.meta = append(r.meta, metadata{at: k, key: t.Metadata[p.Metadata].Key, typ: typ})
			continue
		}
		i, isKey := inKey[p.Column]
		j, isValue := inValue[p.Column]
		if isKey && (upsert || !isValue) {
			r.key.at, r.key.types = append(r.key.at, k), append(r.key.types, typ)
			keyPaths = append(keyPaths, append([]int{i}, p.Fields...))
			continue
		}
		r.value.at, r.value.types = append(r.value.at, k), append(r.value.types, typ)
		valuePaths = append(valuePaths, append([]int{j}, p.Fields...))
	}
	if r.value.decoder, err = s.Format.Decoder(format.DecoderSpec{
		Columns: columnsAt(t, l.value, nil), Output: valuePaths, Types: r.value.types, Options: s.FormatOptions, Subject: subject(s.Options, "-value"), Bad: bad,
	}); err != nil {
		return nil, err
	}
	// A row that reads nothing of its key still needs one, as in Flink.
	if r.keyed = len(l.key) > 0 && s.KeyFormat != nil; !r.keyed {
		return r, nil
	}
	if s.KeyFormat.Decoder == nil {
		return nil, fmt.Errorf("table %s: the format of its keys cannot be read", t.Name)
	}
	r.key.decoder, err = s.KeyFormat.Decoder(format.DecoderSpec{
		Columns: columnsAt(t, l.key, l.keyNames), Output: keyPaths, Types: r.key.types, Options: s.KeyFormatOptions, Subject: subject(s.Options, "-key"), Bad: bad,
	})
	return r, err
}

func positionsOf(at []int) map[int]int {
	out := make(map[int]int, len(at))
	for k, i := range at {
		out[i] = k
	}
	return out
}

func (r *records) skipped() int64 {
	n := r.value.decoder.Skipped()
	if r.keyed {
		n += r.key.decoder.Skipped()
	}
	return n
}

// decode fills the empty batch b with rows of records from the front, and says
// how many records it is done with. It moves the partition on.
func (r *records) decode(p *partition, from []*kgo.Record, b *data.Batch) (int, error) {
	r.counted, r.reading = r.counted[:0], p.id
	n, bytes := 0, 0
	room := data.BatchSize
	for ; n < len(from) && len(r.counted) < room; n++ {
		x := from[n]
		if p.end >= 0 && x.Offset >= p.end {
			p.done = true
			break
		}
		if bytes > 0 && bytes+len(x.Value)+len(x.Key) > chunkBytes {
			break
		}
		if !r.counts(p, x) {
			continue
		}
		bytes += len(x.Value) + len(x.Key)
		r.counted = append(r.counted, x)
	}
	rows, err := r.rows(b)
	if err != nil {
		bad := r.counted[min(rows, len(r.counted)-1)]
		return 0, fmt.Errorf("topic %s, partition %d, offset %d: %w", p.topic, p.index, bad.Offset, err)
	}
	if rows < len(r.counted) { // the batch is full; the rest comes with the next
		n = 0
		for from[n] != r.counted[rows] {
			n++
		}
		p.done = false
	}
	if n > 0 {
		p.next = from[n-1].Offset + 1
	}
	if p.end >= 0 && p.next >= p.end {
		p.done = true
	}
	return n, nil
}

// counts tells whether a record that comes before the end is decoded.
func (r *records) counts(p *partition, x *kgo.Record) bool {
	return !x.Attrs.IsControl() && x.Offset >= p.next && (x.Value != nil || r.upsert)
}

// rows decodes the counted records; done is how many fitted, or which of them is wrong.
func (r *records) rows(b *data.Batch) (done int, err error) {
	values := r.counted
	even := true // each record is one row
	for _, x := range values {
		even = even && x.Value != nil && (x.Key != nil || !r.keyed)
	}
	inner := &data.Batch{Cols: make([]*data.Vector, len(r.value.at))}
	for i, at := range r.value.at {
		inner.Cols[i] = b.Cols[at]
	}
	if done, err = r.value.decode(values, inner, func(x *kgo.Record) []byte { return x.Value }); err != nil {
		return done, err
	}
	r.counted = values[:done]
	defer func() { r.counted = values }()
	even = even && r.value.even(done)
	if !r.keyed && even {
		b.N, b.Ops = inner.N, inner.Ops
		r.describe(b, nil)
		return done, nil
	}
	keys := &data.Batch{}
	if r.keyed {
		keys = data.MakeBatch(r.key.types, 0)
		defer keys.Release()
		if bad, err := r.key.decode(r.counted, keys, func(x *kgo.Record) []byte { return x.Key }); err != nil {
			return bad, fmt.Errorf("key: %w", err)
		} else if bad < done {
			done = bad // keys of more than one row
			r.counted = values[:done]
		}
		if even && r.key.even(done) {
			for i, at := range r.key.at {
				b.Cols[at], keys.Cols[i] = keys.Cols[i], b.Cols[at]
			}
			b.N, b.Ops = inner.N, inner.Ops
			if r.upsert {
				upserts(b)
			}
			r.describe(b, nil)
			return done, nil
		}
	}
	r.merge(b, inner, keys, done)
	return done, nil
}

func upserts(b *data.Batch) {
	if b.Ops == nil {
		b.Ops = make([]data.Op, b.N)
		for i := range b.Ops {
			b.Ops[i] = data.UpdateAfter
		}
	}
}

// merge puts rows together where records and rows do not correspond one to one.
func (r *records) merge(b, inner, keys *data.Batch, done int) {
	r.rowOf = r.rowOf[:0]
	var valueRow, keyRow []int32 // by row; -1: there is none
	var ops []data.Op
	v, k := int32(0), int32(0)
	for i := range done {
		vEnd, kEnd := r.value.rows[i], int32(0)
		if r.keyed {
			if kEnd = r.key.rows[i]; kEnd == k || r.counted[i].Key == nil { // without a key there is no row
				v, k = vEnd, kEnd
				continue
			}
		}
		if r.upsert && r.counted[i].Value == nil {
			r.rowOf, valueRow, keyRow, ops = append(r.rowOf, int32(i)), append(valueRow, -1), append(keyRow, k), append(ops, data.Delete)
			v = vEnd
		}
		for ; v < vEnd; v++ {
			op := inner.Op(int(v))
			if r.upsert && op == data.Insert {
				op = data.UpdateAfter
			}
			r.rowOf, valueRow, keyRow, ops = append(r.rowOf, int32(i)), append(valueRow, v), append(keyRow, k), append(ops, op)
		}
		k = kEnd
	}
	for i, at := range r.value.at {
		old := b.Cols[at]
		b.Cols[at] = pick(inner.Cols[i], valueRow)
		old.Release()
	}
	for i, at := range r.key.at {
		old := b.Cols[at]
		b.Cols[at] = pick(keys.Cols[i], keyRow)
		old.Release()
	}
	b.N, b.Ops = len(r.rowOf), ops
	r.describe(b, r.rowOf)
}

// pick gathers rows; -1 is NULL.
func pick(src *data.Vector, rows []int32) *data.Vector {
	holes := false
	for _, x := range rows {
		holes = holes || x < 0
	}
	if !holes {
		return data.Gather(src, rows)
	}
	if src.N == 0 {
		out := data.NewVector(src.Type, len(rows))
		for i := range rows {
			data.SetNullRow(out, i)
		}
		return out
	}
	at := make([]int32, len(rows))
	for i, x := range rows {
		at[i] = max(x, 0)
	}
	out := data.Gather(src, at)
	for i, x := range rows {
		if x < 0 {
			data.SetNullRow(out, i)
		}
	}
	return out
}

// decode decodes one side of records; a record without that side has no row.
func (p *part) decode(from []*kgo.Record, b *data.Batch, side func(*kgo.Record) []byte) (int, error) {
	size := 0
	for _, x := range from {
		size += len(side(x))
	}
	buf := data.NewBuffer(size)
	defer buf.Release()
	buf.B = buf.B[:0]
	p.ends = p.ends[:0]
	for _, x := range from {
		buf.B = append(buf.B, side(x)...)
		p.ends = append(p.ends, len(buf.B))
	}
	if cap(p.rows) < len(from) {
		p.rows = make([]int32, max(len(from), data.BatchSize))
	}
	p.rows = p.rows[:len(from)]
	return format.DecodeMessages(p.decoder, buf.B, p.ends, buf, b, p.rows)
}

// even tells whether each of the first n records is one row.
func (p *part) even(n int) bool {
	for i, x := range p.rows[:n] {
		if x != int32(i)+1 {
			return false
		}
	}
	return true
}

// describe fills the metadata columns; rowOf nil: row i is of record i.
func (r *records) describe(b *data.Batch, rowOf []int32) {
	for _, m := range r.meta {
		v := b.Cols[m.at]
		v.Resize(b.N)
		for i := range b.N {
			x := r.counted[i]
			if rowOf != nil {
				x = r.counted[rowOf[i]]
			}
			v.SetValueAt(i, m.of(x))
		}
	}
}

func (m metadata) of(x *kgo.Record) data.Value {
	switch m.key {
	case "topic":
		return data.Value{S: x.Topic}
	case "partition":
		return data.Value{I: int64(x.Partition)}
	case "offset":
		return data.Value{I: x.Offset}
	case "leader-epoch":
		if x.LeaderEpoch < 0 {
			return data.NullValue()
		}
		return data.Value{I: int64(x.LeaderEpoch)}
	case "timestamp":
		return data.Value{I: x.Timestamp.UnixMilli()}
	case "timestamp-type":
		switch x.Attrs.TimestampType() {
		case 0:
			return data.Value{S: "CreateTime"}
		case 1:
			return data.Value{S: "LogAppendTime"}
		}
		return data.Value{S: "NoTimestampType"}
	case "headers":
		var out data.Value
		seen := map[string]int{}
		for _, h := range x.Headers {
			value := data.Value{S: string(h.Value), Null: h.Value == nil}
			if at, ok := seen[h.Key]; ok {
				out.Elems[at] = value // the last of a name counts
				continue
			}
			seen[h.Key] = len(out.Elems) + 1
			out.Elems = append(out.Elems, data.Value{S: h.Key}, value)
		}
		return out
	}
	return data.NullValue()
}
