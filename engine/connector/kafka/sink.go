package kafka

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// sink writes rows as records.
type sink struct {
	spec    connector.SinkSpec
	upsert  bool
	topic   string // the only one, or "" where each row says it
	allowed func(topic string) bool
	key     side // no columns: records have no key
	value   side

	topicAt, headersAt, timestampAt int // columns of writable metadata, -1: none

	lastOfKey bool // sink.buffer-flush
	seen      map[string]bool

	out output
}

// side is the encoder of the key or the value.
type side struct {
	encoder format.Encoder
	at      []int
	rows    data.Batch
}

// output takes records; there is one for each guarantee.
type output interface {
	send(records []kgo.Record) error
	Prepare(checkpoint int64) ([][]byte, error)
	Commit(committables [][]byte) error
	Abort() error
	Close() error
}

func newSink(s connector.SinkSpec) (connector.Sink, error) {
	t := s.Sink.Table
	if s.Format != nil && s.Format.Encoder == nil && s.Format.CreateFile != nil {
		return nil, fmt.Errorf("format %q is one of files: messages are not written in it", s.Format.Name)
	}
	if s.Format == nil || s.Format.Encoder == nil {
		return nil, fmt.Errorf("table %s: its format cannot be written", t.Name)
	}
	if s.Sink.Overwrite {
		return nil, fmt.Errorf("table %s: INSERT OVERWRITE is not possible in a topic; use INSERT INTO", t.Name)
	}
	p, err := readProperties(s.Options)
	if err != nil {
		return nil, err
	}
	k := &sink{spec: s, upsert: t.Connector == upsertName, topicAt: -1, headersAt: -1, timestampAt: -1}
	l, err := layoutOf(t, s.Options, k.upsert)
	if err != nil {
		return nil, err
	}
	if k.value.encoder, err = s.Format.Encoder(format.EncoderSpec{Columns: columnsAt(t, l.value, nil), Options: s.FormatOptions, Subject: subject(s.Options, "-value")}); err != nil {
		return nil, err
	}
	k.value.at = l.value
	if len(l.key) > 0 && s.KeyFormat != nil {
		if s.KeyFormat.Encoder == nil {
			return nil, fmt.Errorf("table %s: the format of its keys cannot be written", t.Name)
		}
		if k.key.encoder, err = s.KeyFormat.Encoder(format.EncoderSpec{Columns: columnsAt(t, l.key, l.keyNames), Options: s.KeyFormatOptions, Subject: subject(s.Options, "-key")}); err != nil {
			return nil, err
		}
		k.key.at = l.key
	}
	at := len(t.Columns) // behind the physical columns come the writable metadata
	for _, m := range t.Metadata {
		if m.Virtual {
			continue
		}
		switch m.Key {
		case "topic":
			k.topicAt = at
		case "headers":
			k.headersAt = at
		case "timestamp":
			k.timestampAt = at
		}
		at++
	}
	if err := k.topics(); err != nil {
		return nil, err
	}
	if k.upsert && s.Options.Int("sink.buffer-flush.max-rows") > 0 && s.Options.Duration("sink.buffer-flush.interval") > 0 {
		k.lastOfKey, k.seen = true, map[string]bool{}
	}
	opts := slices.Concat(p.all, p.produce, []kgo.Opt{kgo.RecordPartitioner(k.partitioner()), kgo.RecordDeliveryTimeout(2 * time.Minute)})
	switch p.acks {
	case "0":
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	case "1":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	}
	guarantee := s.Options.String("sink.delivery-guarantee")
	if guarantee == "exactly-once" {
		if p.acks != "" && p.acks != "all" && p.acks != "-1" {
			return nil, fmt.Errorf("option 'properties.acks': exactly-once needs all, got %s", p.acks)
		}
		k.out, err = newTransactions(s, p, opts)
	} else {
		k.out, err = newPlain(s.Context(), opts, guarantee == "at-least-once")
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

// topics finds where rows go.
func (s *sink) topics() error {
	o := s.spec.Options
	list := topicList(o)
	if len(list) == 1 && s.topicAt < 0 {
		s.topic = list[0]
		return nil
	}
	if s.topicAt < 0 {
		return fmt.Errorf("table %s: it has several topics, so each row must say its own: declare a column METADATA FROM 'topic'", s.spec.Sink.Table.Name)
	}
	if text := o.String("topic-pattern"); text != "" {
		p, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			return fmt.Errorf("option 'topic-pattern': %w", err)
		}
		s.allowed = p.MatchString
		return nil
	}
	s.allowed = func(topic string) bool { return slices.Contains(list, topic) }
	return nil
}

// subject is the name of a schema in a registry, as Flink has it: that of a
// table's one topic and what of its records it is.
func subject(o option.Values, end string) string {
	if list := topicList(o); len(list) == 1 {
		return list[0] + end
	}
	return ""
}

func (s *sink) partitioner() kgo.Partitioner {
	switch s.spec.Options.String("sink.partitioner") {
	case "fixed":
		return kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(_ *kgo.Record, n int) int { return s.spec.Subtask % n }
		})
	case "round-robin":
		return kgo.RoundRobinPartitioner()
	}
	return kgo.StickyKeyPartitioner(nil)
}

func (s *side) set(b *data.Batch) {
	s.rows.Cols = s.rows.Cols[:0]
	for _, i := range s.at {
		s.rows.Cols = append(s.rows.Cols, b.Cols[i])
	}
	s.rows.N, s.rows.Ops = b.N, b.Ops
}

// encode appends row r without the line end.
func (s *side) encode(dst []byte, r int) ([]byte, error) {
	dst, err := s.encoder.Encode(dst, &s.rows, r)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)-1], nil
}

// span is a part of the bytes of a batch of records; from < 0 is null.
type span struct{ from, to int }

func (p span) of(all []byte) []byte {
	if p.from < 0 {
		return nil
	}
	return all[p.from:p.to:p.to]
}

var null = span{-1, -1}

// pending is a record whose bytes still move.
type pending struct {
	row        int
	key, value span
}

// Write encodes the rows of b into one stretch of memory and hands them over.
func (s *sink) Write(b *data.Batch) error {
	s.value.set(b)
	s.key.set(b)
	if s.lastOfKey {
		clear(s.seen)
	}
	list := make([]pending, 0, b.Len())
	all := make([]byte, 0, 64*b.Len())
	var err error
	for i := range b.Len() {
		p := pending{row: b.Row(i), key: null, value: null}
		op := b.Op(p.row)
		if s.key.encoder != nil {
			p.key.from = len(all)
			if all, err = s.key.encode(all, p.row); err != nil {
				return fmt.Errorf("key: %w", err)
			}
			p.key.to = len(all)
		}
		switch {
		case !s.upsert || op.Adds():
			p.value.from = len(all)
			if all, err = s.value.encode(all, p.row); err != nil {
				return err
			}
			p.value.to = len(all)
		case op == data.UpdateBefore && i+1 < b.Len() && b.Op(b.Row(i+1)) == data.UpdateAfter:
			// The row that replaces it comes next. Only if its key is another one
			// must this one go.
			at := len(all)
			if all, err = s.key.encode(all, b.Row(i+1)); err != nil {
				return fmt.Errorf("key: %w", err)
			}
			same := bytes.Equal(all[at:], p.key.of(all))
			if all = all[:at]; same {
				all = all[:p.key.from]
				continue
			}
		}
		list = append(list, p)
	}
	if s.lastOfKey {
		list = s.newest(list, all)
	}
	records := make([]kgo.Record, len(list))
	for i, p := range list {
		r := &records[i]
		r.Key, r.Value, r.Topic = p.key.of(all), p.value.of(all), s.topic
		if err := s.describe(r, b, p.row); err != nil {
			return err
		}
	}
	return s.out.send(records)
}

// newest leaves out what a later row of the batch replaces.
func (s *sink) newest(list []pending, all []byte) []pending {
	keep := len(list)
	for i := len(list) - 1; i >= 0; i-- {
		if key := string(list[i].key.of(all)); !s.seen[key] {
			s.seen[key] = true
			keep--
			list[keep] = list[i]
		}
	}
	return list[keep:]
}

// describe sets what is not in key and value.
func (s *sink) describe(r *kgo.Record, b *data.Batch, row int) error {
	if s.topicAt >= 0 {
		if v := b.Cols[s.topicAt]; !v.IsNull(row) {
			r.Topic = strings.Clone(v.Str(row))
		}
		if r.Topic == "" || !s.allowed(r.Topic) {
			return fmt.Errorf("a row is for topic %q, which is not one of the table's", r.Topic)
		}
	}
	if s.timestampAt >= 0 {
		if v := b.Cols[s.timestampAt]; !v.IsNull(row) {
			r.Timestamp = time.UnixMilli(v.I64[row])
		}
	}
	if s.headersAt >= 0 {
		if v := b.Cols[s.headersAt]; !v.IsNull(row) {
			x := v.ValueAt(row)
			for i := 0; i+1 < len(x.Elems); i += 2 {
				h := kgo.RecordHeader{Key: x.Elems[i].S}
				if !x.Elems[i+1].Null {
					h.Value = []byte(x.Elems[i+1].S)
				}
				r.Headers = append(r.Headers, h)
			}
		}
	}
	return nil
}

func (s *sink) Prepare(checkpoint int64) ([][]byte, error) { return s.out.Prepare(checkpoint) }
func (s *sink) Commit(committables [][]byte) error         { return s.out.Commit(committables) }
func (s *sink) Abort() error                               { return s.out.Abort() }
func (s *sink) Close() error                               { return s.out.Close() }
