package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/option"
)

// partition is one partition of a topic: a split.
type partition struct {
	topic string
	index int32
	id    string // of the split

	next int64 // offset of the next record
	end  int64 // where it ends, -1: never
	done bool
	slot int // in the splits of the subtask
}

// splitID names a partition so that the partitions of a topic are spread evenly
// over any number of subtasks, however many are added later: neighbours lie far
// apart in the order of their hashes.
func splitID(topic string, index int32) string {
	const places = 1024
	at := int(bits.Reverse16(uint16(index)) >> 6) // bit-reversed index, 0..1023
	return connector.SpreadID(topic+"-"+strconv.Itoa(int(index)), at, places)
}

// parseID is the inverse of splitID.
func parseID(id string) (topic string, index int32, err error) {
	dot := strings.LastIndexByte(id, '.')
	if dot < 0 {
		return "", 0, fmt.Errorf("split %q is not a partition", id)
	}
	dash := strings.LastIndexByte(id[:dot], '-')
	if dash < 0 {
		return "", 0, fmt.Errorf("split %q is not a partition", id)
	}
	n, err := strconv.ParseInt(id[dash+1:dot], 10, 32)
	if err != nil || n < 0 {
		return "", 0, fmt.Errorf("split %q is not a partition", id)
	}
	return id[:dash], int32(n), nil
}

func (p *partition) encode() []byte {
	return binary.AppendVarint(binary.AppendVarint(nil, p.next), p.end)
}

func (p *partition) decode(b []byte) error {
	for _, x := range []*int64{&p.next, &p.end} {
		v, n := binary.Varint(b)
		if n <= 0 {
			return fmt.Errorf("position of partition %d of topic %s is damaged", p.index, p.topic)
		}
		*x, b = v, b[n:]
	}
	return nil
}

// parseOffsets reads partition:0,offset:42;partition:1,offset:300.
func parseOffsets(key string, o option.Values) (map[int32]int64, error) {
	out := map[int32]int64{}
	text := o.String(key)
	wrong := func() error {
		return fmt.Errorf("option '%s': partition:0,offset:42;partition:1,offset:300 expected, got %q", key, text)
	}
	for item := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(text), ";"), ";") {
		p, off, ok := strings.Cut(item, ",")
		p, ok1 := strings.CutPrefix(strings.TrimSpace(p), "partition:")
		off, ok2 := strings.CutPrefix(strings.TrimSpace(off), "offset:")
		if !ok || !ok1 || !ok2 {
			return nil, wrong()
		}
		n, err1 := strconv.ParseInt(strings.TrimSpace(p), 10, 32)
		at, err2 := strconv.ParseInt(strings.TrimSpace(off), 10, 64)
		if err1 != nil || err2 != nil || n < 0 || at < 0 {
			return nil, wrong()
		}
		out[int32(n)] = at
	}
	return out, nil
}

// places finds offsets for partitions, for each mode of the options.
type places struct {
	admin   *kadm.Client
	options option.Values
	props   properties
	upsert  bool
}

type listed map[string]map[int32]int64

func offsets(l kadm.ListedOffsets, err error) (listed, error) {
	if err == nil {
		err = l.Error()
	}
	if err != nil {
		return nil, err
	}
	out := listed{}
	l.Each(func(o kadm.ListedOffset) {
		if out[o.Topic] == nil {
			out[o.Topic] = map[int32]int64{}
		}
		out[o.Topic][o.Partition] = o.Offset
	})
	return out, nil
}

// latest is the end of the partitions as a reader of the isolation level sees it.
func (p *places) latest(ctx context.Context, topics []string) (listed, error) {
	if p.props.committed {
		return offsets(p.admin.ListCommittedOffsets(ctx, topics...))
	}
	return offsets(p.admin.ListEndOffsets(ctx, topics...))
}

// after is the offset of the first record of a time or later; the end if there
// is none.
func (p *places) after(ctx context.Context, millis int64, topics []string) (listed, error) {
	return offsets(p.admin.ListOffsetsAfterMilli(ctx, millis, topics...))
}

func (p *places) group(ctx context.Context) (kadm.OffsetResponses, error) {
	if p.props.group == "" {
		return nil, errors.New("'group-offsets' needs the option 'properties.group.id'")
	}
	r, err := p.admin.FetchOffsets(ctx, p.props.group)
	if err == nil {
		err = r.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return kadm.OffsetResponses{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("offsets of group %s: %w", p.props.group, err)
	}
	return r, nil
}

// start sets where partitions without a position begin. New ones, found while
// the job runs, begin at their first record.
func (p *places) start(ctx context.Context, parts []*partition, found bool) error {
	mode := p.options.String("scan.startup.mode")
	if found || p.upsert {
		mode = "earliest-offset"
	}
	topics := topicsOf(parts)
	var at listed
	var err error
	switch mode {
	case "earliest-offset":
		at, err = offsets(p.admin.ListStartOffsets(ctx, topics...))
	case "latest-offset":
		at, err = p.latest(ctx, topics)
	case "timestamp":
		at, err = p.after(ctx, p.options.Int("scan.startup.timestamp-millis"), topics)
	case "specific-offsets":
		given, err := parseOffsets("scan.startup.specific-offsets", p.options)
		if err != nil {
			return err
		}
		earliest, err := offsets(p.admin.ListStartOffsets(ctx, topics...))
		if err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		for _, x := range parts {
			x.next = earliest[x.topic][x.index]
			if o, ok := given[x.index]; ok {
				x.next = o
			}
		}
		return nil
	default: // group-offsets
		return p.startAtGroup(ctx, parts, topics)
	}
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	for _, x := range parts {
		x.next = at[x.topic][x.index]
	}
	return nil
}

func (p *places) startAtGroup(ctx context.Context, parts []*partition, topics []string) error {
	committed, err := p.group(ctx)
	if err != nil {
		return err
	}
	var otherwise listed
	for _, x := range parts {
		if o, ok := committed.Lookup(x.topic, x.index); ok && o.At >= 0 {
			x.next = o.At
			continue
		}
		if otherwise == nil {
			switch p.props.reset {
			case "earliest":
				otherwise, err = offsets(p.admin.ListStartOffsets(ctx, topics...))
			case "latest":
				otherwise, err = p.latest(ctx, topics)
			default:
				return fmt.Errorf("group %s has no offset for partition %d of topic %s; set 'scan.startup.mode' to 'earliest-offset' or 'latest-offset', or 'properties.auto.offset.reset' to say where to begin then", p.props.group, x.index, x.topic)
			}
			if err != nil {
				return fmt.Errorf("list offsets: %w", err)
			}
		}
		x.next = otherwise[x.topic][x.index]
	}
	return nil
}

// bound sets where partitions end.
func (p *places) bound(ctx context.Context, parts []*partition) error {
	topics := topicsOf(parts)
	var at listed
	var err error
	switch p.options.String("scan.bounded.mode") {
	case "latest-offset":
		at, err = p.latest(ctx, topics)
	case "timestamp":
		at, err = p.after(ctx, p.options.Int("scan.bounded.timestamp-millis"), topics)
	case "group-offsets":
		committed, err := p.group(ctx)
		if err != nil {
			return err
		}
		for _, x := range parts {
			o, ok := committed.Lookup(x.topic, x.index)
			if !ok || o.At < 0 {
				return fmt.Errorf("group %s has no offset for partition %d of topic %s, where reading could end", p.props.group, x.index, x.topic)
			}
			x.end = o.At
		}
		return nil
	case "specific-offsets":
		given, err := parseOffsets("scan.bounded.specific-offsets", p.options)
		if err != nil {
			return err
		}
		ends, err := p.latest(ctx, topics)
		if err != nil {
			return fmt.Errorf("list offsets: %w", err)
		}
		for _, x := range parts {
			x.end = ends[x.topic][x.index]
			if o, ok := given[x.index]; ok {
				x.end = o
			}
		}
		return nil
	default:
		for _, x := range parts {
			x.end = -1
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("list offsets: %w", err)
	}
	for _, x := range parts {
		x.end = at[x.topic][x.index]
	}
	return nil
}

func topicsOf(parts []*partition) []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range parts {
		if !seen[p.topic] {
			seen[p.topic] = true
			out = append(out, p.topic)
		}
	}
	return out
}
