package kafka

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

const (
	askTimeout = 60 * time.Second       // for what must be known before reading
	pollWait   = 5 * time.Millisecond   // how long a poll waits for records
	chunkBytes = 1 << 20                // of records decoded together, but at least one
	commitWait = 10 * time.Second       // for the group to take offsets
	retryPause = 500 * time.Millisecond // after a discovery that failed
)

// source reads the partitions this subtask owns. A split is a partition.
type source struct {
	spec    connector.SourceSpec
	props   properties
	topics  []string
	pattern *regexp.Regexp
	upsert  bool
	records *records

	client *kgo.Client
	places places

	parts    []*partition // in the order they came
	byName   map[string]map[int32]*partition
	set      *data.Splits
	restored bool
	open     bool
	failed   error

	queue   []fetched
	reader  *reader
	arrived chan struct{} // tells that the reader has something
	awaited bool          // by who polls
	finder  *finder
	asking  *asking // nil: nothing is asked for

	checkpoints []positions // not yet complete
	commits     *commits
}

// fetched are records of one partition that wait to be decoded.
type fetched struct {
	part    *partition
	records []*kgo.Record
	asked   int  // how often something was asked for to decode them
	known   bool // nothing is lacking, or too much to know it all at once
}

func newSource(s connector.SourceSpec) (connector.Source, error) {
	if s.Format != nil && s.Format.Decoder == nil && s.Format.OpenFile != nil {
		return nil, fmt.Errorf("format %q is one of files: messages are not read in it", s.Format.Name)
	}
	if s.Format == nil || s.Format.Decoder == nil {
		return nil, fmt.Errorf("table %s: its format cannot be read", s.Source.Table.Name)
	}
	p, err := readProperties(s.Options)
	if err != nil {
		return nil, err
	}
	k := &source{
		spec: s, props: p, topics: topicList(s.Options), byName: map[string]map[int32]*partition{}, set: &data.Splits{},
		upsert: s.Source.Table.Connector == upsertName, arrived: make(chan struct{}, 1),
	}
	if text := s.Options.String("topic-pattern"); text != "" {
		if k.pattern, err = regexp.Compile("^(?:" + text + ")$"); err != nil {
			return nil, fmt.Errorf("option 'topic-pattern': %w", err)
		}
	}
	if k.records, err = newRecords(s, k.upsert); err != nil {
		return nil, err
	}
	opts := slices.Concat(p.all, p.consume, []kgo.Opt{kgo.KeepControlRecords()})
	switch p.reset {
	case "earliest":
		opts = append(opts, kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	case "latest":
		opts = append(opts, kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	default:
		opts = append(opts, kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	}
	if k.client, err = kgo.NewClient(opts...); err != nil {
		return nil, err
	}
	k.places = places{admin: kadm.NewClient(k.client), options: s.Options, props: p, upsert: k.upsert}
	if len(p.unused) > 0 && s.Subtask == 0 && s.Log != nil {
		s.Log.Info("settings of Kafka's clients that mean nothing here are left alone", "table", s.Source.Table.Name, "settings", strings.Join(p.unused, ", "))
	}
	return k, nil
}

// Restore takes over this subtask's share; partitions that no former subtask
// knew are new and begin at their first record.
func (s *source) Restore(splits []connector.Split) error {
	s.restored = true
	for _, x := range splits {
		topic, index, err := parseID(x.ID)
		if err != nil {
			return err
		}
		p := &partition{topic: topic, index: index, id: x.ID, done: x.Done, end: -1}
		if len(x.Position) > 0 {
			if err := p.decode(x.Position); err != nil {
				return err
			}
		}
		if s.byName[topic] == nil {
			s.byName[topic] = map[int32]*partition{}
		}
		if connector.Owns(x.ID, s.spec.Subtask, s.spec.Parallelism) {
			s.add(p)
		} else {
			s.byName[topic][index] = nil // another subtask's, and not new
		}
	}
	return nil
}

func (s *source) add(p *partition) {
	if s.byName[p.topic] == nil {
		s.byName[p.topic] = map[int32]*partition{}
	}
	s.byName[p.topic][p.index] = p
	p.slot = len(s.parts)
	s.parts = append(s.parts, p)
	s.set.IDs, s.set.Ended = append(s.set.IDs, p.id), append(s.set.Ended, p.done)
}

// start finds the partitions and begins to read, once.
func (s *source) start(ctx context.Context) error {
	if s.open || s.failed != nil {
		return s.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	found, err := s.discover(ctx)
	if err == nil {
		err = s.take(ctx, found, s.restored)
	}
	if err != nil {
		s.failed = s.unreachable(err)
		return s.failed
	}
	s.open = true
	s.assign(s.parts)
	s.reader = startReader(s.client, s.arrived)
	if every := s.spec.Options.Duration("scan.topic-partition-discovery.interval"); every > 0 && !s.bounded() {
		s.finder = startFinder(every, s.discover)
	}
	if s.props.group != "" {
		s.commits = startCommits(s.places.admin, s.props.group, s.spec.Log)
	}
	return nil
}

func (s *source) bounded() bool { return s.spec.Options.String("scan.bounded.mode") != "unbounded" }

func (s *source) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("kafka at %s does not answer within %s: %w", s.spec.Options.String("properties.bootstrap.servers"), askTimeout, err)
	}
	return fmt.Errorf("kafka at %s: %w", s.spec.Options.String("properties.bootstrap.servers"), err)
}

// discover lists the partitions of the table's topics.
func (s *source) discover(ctx context.Context) ([]partition, error) {
	list, err := s.places.admin.ListTopics(ctx, s.topics...)
	if err != nil {
		return nil, err
	}
	var out []partition
	for _, t := range list.Sorted() {
		if s.pattern != nil && (!s.pattern.MatchString(t.Topic) || t.IsInternal) {
			continue
		}
		if t.Err != nil {
			if errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
				return nil, fmt.Errorf("topic %s does not exist; create it, or correct option 'topic'", t.Topic)
			}
			return nil, fmt.Errorf("topic %s: %w", t.Topic, t.Err)
		}
		for _, p := range t.Partitions.Sorted() {
			out = append(out, partition{topic: t.Topic, index: p.Partition})
		}
	}
	return out, nil
}

// take adds those of the partitions that are this subtask's and not known yet.
func (s *source) take(ctx context.Context, found []partition, late bool) error {
	var parts []*partition
	for i := range found {
		p := &found[i]
		if _, known := s.byName[p.topic][p.index]; known {
			continue
		}
		p.id, p.end = splitID(p.topic, p.index), -1
		if connector.Owns(p.id, s.spec.Subtask, s.spec.Parallelism) {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	if s.bounded() && late {
		return nil // the end was drawn at the first start
	}
	if err := s.places.start(ctx, parts, late); err != nil {
		return err
	}
	if err := s.places.bound(ctx, parts); err != nil {
		return err
	}
	for _, p := range parts {
		p.done = p.end >= 0 && p.next >= p.end
		s.add(p)
	}
	return nil
}

// assign begins to fetch partitions.
func (s *source) assign(parts []*partition) {
	at := map[string]map[int32]kgo.Offset{}
	for _, p := range parts {
		if p.done {
			continue
		}
		if at[p.topic] == nil {
			at[p.topic] = map[int32]kgo.Offset{}
		}
		at[p.topic][p.index] = kgo.NewOffset().At(p.next)
	}
	if len(at) > 0 {
		s.client.AddConsumePartitions(at)
	}
}

// Poll gives rows of one partition.
func (s *source) Poll(ctx context.Context, b *data.Batch) (connector.Status, error) {
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	if err := s.look(ctx); err != nil {
		return 0, err
	}
	for {
		if len(s.queue) == 0 {
			if s.ended() {
				return connector.Ended, nil
			}
			if err := s.fetch(ctx); err != nil {
				return 0, err
			}
			if len(s.queue) == 0 {
				return connector.Idle, nil
			}
		}
		f := &s.queue[0]
		if ready, err := s.ready(ctx, f); err != nil {
			return 0, err
		} else if !ready {
			return connector.Idle, nil
		}
		n, err := s.records.decode(f.part, f.records, b)
		if k := s.records.skipped(); k > 0 && s.spec.Corrupt != nil {
			s.spec.Corrupt(k)
		}
		if err != nil {
			return 0, err
		}
		if f.records = f.records[n:]; len(f.records) == 0 || f.part.done {
			s.finish(f.part)
			s.queue = s.queue[1:]
		}
		if b.N > 0 {
			b.Split, b.Splits = f.part.slot, s.set
			return connector.More, nil
		}
	}
}

func (s *source) ended() bool {
	if !s.bounded() {
		return false
	}
	for _, p := range s.parts {
		if !p.done {
			return false
		}
	}
	return true
}

// finish stops fetching a partition that has come to its end.
func (s *source) finish(p *partition) {
	if p.done && !s.set.Ended[p.slot] {
		s.set.Ended[p.slot] = true
		s.client.RemoveConsumePartitions(map[string][]int32{p.topic: {p.index}})
	}
}

// look takes in what was found meanwhile.
func (s *source) look(ctx context.Context) error {
	if s.finder == nil {
		return nil
	}
	select {
	case found := <-s.finder.found:
		before := len(s.parts)
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if err := s.take(ctx, found, true); err != nil {
			return s.unreachable(err)
		}
		s.assign(s.parts[before:])
	default:
	}
	return nil
}

// fetch takes the records that are there, or waits a little for some where
// nobody else does.
func (s *source) fetch(ctx context.Context) error {
	s.queue = s.queue[:0]
	select {
	case f := <-s.reader.fetches:
		return s.enter(f)
	default:
	}
	if s.awaited {
		return nil
	}
	wait := time.NewTimer(pollWait)
	defer wait.Stop()
	select {
	case f := <-s.reader.fetches:
		return s.enter(f)
	case <-wait.C:
	case <-ctx.Done():
	}
	return nil
}

// Arrivals tells when there is something to poll.
func (s *source) Arrivals() <-chan struct{} {
	s.awaited = true
	return s.arrived
}

func (s *source) enter(fetches kgo.Fetches) error {
	var failed error
	fetches.EachError(func(topic string, index int32, err error) {
		if failed != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return
		}
		failed = s.explain(topic, index, err)
	})
	if failed != nil {
		return failed
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := s.byName[f.Topic][f.Partition]
		if p == nil || p.done || len(f.Records) == 0 {
			return
		}
		s.queue = append(s.queue, fetched{part: p, records: f.Records})
	})
	return nil
}

func (s *source) explain(topic string, index int32, err error) error {
	var lost *kgo.ErrDataLoss
	switch {
	case errors.Is(err, kerr.OffsetOutOfRange):
		p := s.byName[topic][index]
		at := int64(-1)
		if p != nil {
			at = p.next
		}
		return fmt.Errorf("partition %d of topic %s: the broker no longer has offset %d, where reading goes on: records were deleted before they were read. Set 'properties.auto.offset.reset' to 'earliest' or 'latest' to go on without them", index, topic, at)
	case errors.As(err, &lost) && s.props.reset != "":
		if s.spec.Log != nil {
			s.spec.Log.Warn("records were deleted before they were read; going on as 'properties.auto.offset.reset' says", "topic", topic, "partition", index, "from", lost.ConsumedTo, "to", lost.ResetTo)
		}
		return nil
	case topic == "":
		return s.unreachable(err)
	}
	return fmt.Errorf("partition %d of topic %s: %w", index, topic, err)
}

// Splits is how far the partitions were read.
func (s *source) Splits() []connector.Split {
	// A checkpoint before the first Poll must not be without the partitions: a
	// restored source would take them for new ones. What goes wrong is said by the next Poll.
	_ = s.start(context.Background())
	if err := s.records.rejected.Flush(); err != nil && s.failed == nil {
		s.failed = err
	}
	out := make([]connector.Split, len(s.parts))
	for i, p := range s.parts {
		out[i] = connector.Split{ID: p.id, Done: p.done, Position: p.encode()}
	}
	return out
}

// Tracked gives the partitions of this subtask.
func (s *source) Tracked() *data.Splits { return s.set }

// Close ends all that runs beside the task.
func (s *source) Close() error {
	if s.asking != nil {
		s.asking.stop()
	}
	if s.finder != nil {
		s.finder.stop()
	}
	if s.commits != nil {
		s.commits.stop()
	}
	if s.reader != nil {
		s.reader.stop()
	}
	s.client.Close()
	return s.records.rejected.Close()
}
