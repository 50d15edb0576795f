// Package kafka reads tables from topics of Apache Kafka and writes them into
// topics, exactly once where asked, with the options of Flink's connectors
// 'kafka' and 'upsert-kafka'.
//
// The rule of the source: a record's place is its partition and offset; both
// are in the checkpoint and nothing else decides where reading goes on. The rule
// of the sink: a transaction belongs to one checkpoint, its name is never used
// again, and only a completed checkpoint commits it.
package kafka

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the kafka connector.
var Connector = &connector.Connector{
	Name: "kafka",
	Doc: "Topics of Apache Kafka. Reads every partition in its order, with its own watermark, and goes on after a restart where the checkpoint stands; " +
		"writes at least once, or exactly once in transactions that are committed with the checkpoint.",
	Formats: true, KeyFormats: true,
	Options: slices.Concat(topicOptions, keyOptions, scanOptions, sinkOptions),
	Bounded: func(o option.Values) bool { return o.String("scan.bounded.mode") != "unbounded" },
	Source:  newSource,
	Sink:    newSink,
	Check:   check,
}

const upsertName = "upsert-kafka"

// Upsert is the entry of the upsert-kafka connector.
var Upsert = &connector.Connector{
	Name: upsertName,
	Doc: "Topics of Apache Kafka as a table with a primary key, which is the key of the records: each record replaces the row of its key, one without a value deletes it. " +
		"Reads from the beginning of the topics.",
	Formats: true, KeyFormats: true, Upsert: true, AcceptsUpdates: true,
	Options: slices.Concat(topicOptions, upsertOptions, boundOptions, sinkOptions, bufferOptions),
	Bounded: func(o option.Values) bool { return o.String("scan.bounded.mode") != "unbounded" },
	Source:  newSource,
	Sink:    newSink,
	Check:   checkUpsert,
}

var (
	topicOptions = []option.Option{
		{Key: "topic", Doc: "The topic, or several with ; between them. Give this or 'topic-pattern'.", Example: "orders"},
		{Key: "topic-pattern", Doc: "A regular expression; all topics whose whole name matches are read, new ones too."},
		{Key: "properties.bootstrap.servers", Required: true, Doc: "Brokers to begin with: host:port, with commas between.", Example: "localhost:9092"},
		{Key: "properties.group.id", Doc: "The consumer group to which the offsets of completed checkpoints are committed, for others to see how far the job is, and where 'group-offsets' starts from."},
		{Key: "properties.", Prefix: true, Doc: "Any setting of Kafka's Java clients. Those that mean something here are honoured: security.protocol, sasl.*, ssl.*, isolation.level, fetch.*, compression.type, transaction.timeout.ms and others; the rest are noted in the log and left alone."},
		{Key: "value.fields-include", Type: option.Enum, Enum: []string{"ALL", "EXCEPT_KEY"}, Default: "ALL", Doc: "Whether the columns of the key are in the value too."},
		{Key: "key.fields-prefix", Doc: "A prefix of the key's columns in the table that is not part of their names in the key. Needs 'value.fields-include' = 'EXCEPT_KEY'."},
		connector.ParseErrorsOption,
		{Key: "scan.topic-partition-discovery.interval", Type: option.Duration, Default: "5 min", Doc: "How often to look for new topics and partitions, which are read from their beginning; 0 to never look."},
	}
	keyOptions = []option.Option{
		{Key: "key.fields", Doc: "Columns that are the key of a record, with ; between. Needs 'key.format'."},
	}
	upsertOptions []option.Option
	scanOptions   = slices.Concat([]option.Option{
		{Key: "scan.startup.mode", Type: option.Enum, Enum: []string{"earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"}, Default: "group-offsets", Doc: "Where a job without a checkpoint begins."},
		{Key: "scan.startup.specific-offsets", Doc: "Where to begin for 'specific-offsets'.", Example: "partition:0,offset:42;partition:1,offset:300"},
		{Key: "scan.startup.timestamp-millis", Type: option.Int, Doc: "For 'timestamp': begin with the first record of this time or later, in milliseconds since 1970."},
	}, boundOptions)
	boundOptions = []option.Option{
		{Key: "scan.bounded.mode", Type: option.Enum, Enum: []string{"unbounded", "latest-offset", "group-offsets", "timestamp", "specific-offsets"}, Default: "unbounded", Doc: "Where reading ends; where that is, is found out once, at the start."},
		{Key: "scan.bounded.specific-offsets", Doc: "For 'specific-offsets': the offset after the last record of each partition.", Example: "partition:0,offset:42;partition:1,offset:300"},
		{Key: "scan.bounded.timestamp-millis", Type: option.Int, Doc: "For 'timestamp': end before the first record of this time or later."},
	}
	sinkOptions = []option.Option{
		{Key: "sink.partitioner", Default: "default", Doc: "Which partition a row goes to: default (by the hash of its key, without a key to one after the other by the batch), fixed (each subtask writes to one), or round-robin."},
		{Key: "sink.delivery-guarantee", Type: option.Enum, Enum: []string{"at-least-once", "exactly-once", "none"}, Default: "at-least-once", Aliases: []string{"sink.semantic"}, Doc: "exactly-once writes in transactions that are committed when their checkpoint is complete; readers need isolation.level = read_committed."},
		{Key: "sink.transactional-id-prefix", Doc: "Begins the names of the transactions of exactly-once; no other job may use it."},
		{Key: "sink.lost-transaction", Type: option.Enum, Enum: []string{"fail", "ignore"}, Default: "fail", Doc: "What to do when the broker has aborted a transaction of a completed checkpoint, because it was not committed within transaction.timeout.ms: its rows are lost. An option of weir's own."},
		{Key: "sink.transaction-naming-strategy", Type: option.Enum, Enum: []string{"INCREMENTING", "POOLING"}, Doc: "Accepted as in Flink; here every transaction has a name of its own, and what a crash left open is found by the prefix."},
	}
	bufferOptions = []option.Option{
		{Key: "sink.buffer-flush.max-rows", Type: option.Int, Default: "0", Doc: "Together with 'sink.buffer-flush.interval': of the rows of one batch only the last of each key is written."},
		{Key: "sink.buffer-flush.interval", Type: option.Duration, Default: "0 ms", Doc: "See 'sink.buffer-flush.max-rows'. Rows are never kept back for it."},
	}
)

func check(t graph.Table, o option.Values) error {
	if err := checkBoth(t, o); err != nil {
		return err
	}
	if fields := keyFields(t, o, false); len(fields) > 0 && t.Options["key.format"] == "" {
		return fmt.Errorf("option 'key.fields' needs 'key.format'")
	} else if len(fields) == 0 && t.Options["key.format"] != "" {
		return fmt.Errorf("option 'key.format' needs 'key.fields': which columns are the key")
	}
	switch o.String("scan.startup.mode") {
	case "timestamp":
		if !o.Has("scan.startup.timestamp-millis") {
			return fmt.Errorf("option 'scan.startup.mode' = 'timestamp' needs 'scan.startup.timestamp-millis'")
		}
	case "specific-offsets":
		if !o.Has("scan.startup.specific-offsets") {
			return fmt.Errorf("option 'scan.startup.mode' = 'specific-offsets' needs 'scan.startup.specific-offsets'")
		}
		if _, err := parseOffsets("scan.startup.specific-offsets", o); err != nil {
			return err
		}
	}
	return nil
}

func checkUpsert(t graph.Table, o option.Values) error {
	if len(t.PrimaryKey) == 0 {
		return fmt.Errorf("'upsert-kafka' tables require to define a PRIMARY KEY constraint: it is the key of the records")
	}
	if t.Options["key.format"] == "" {
		return fmt.Errorf("'upsert-kafka' needs an option 'key.format'")
	}
	if t.Options["value.format"] == "" {
		return fmt.Errorf("'upsert-kafka' needs an option 'value.format'")
	}
	return checkBoth(t, o)
}

func checkBoth(t graph.Table, o option.Values) error {
	if o.Has("topic") == o.Has("topic-pattern") {
		return fmt.Errorf("give one of the options 'topic' and 'topic-pattern'")
	}
	if o.Has("topic") && len(topicList(o)) == 0 {
		return fmt.Errorf("option 'topic' is empty")
	}
	if o.Has("topic-pattern") {
		if _, err := regexp.Compile(o.String("topic-pattern")); err != nil {
			return fmt.Errorf("option 'topic-pattern': %w", err)
		}
	}
	if _, err := layoutOf(t, o, t.Connector == upsertName); err != nil {
		return err
	}
	switch o.String("scan.bounded.mode") {
	case "timestamp":
		if !o.Has("scan.bounded.timestamp-millis") {
			return fmt.Errorf("option 'scan.bounded.mode' = 'timestamp' needs 'scan.bounded.timestamp-millis'")
		}
	case "specific-offsets":
		if !o.Has("scan.bounded.specific-offsets") {
			return fmt.Errorf("option 'scan.bounded.mode' = 'specific-offsets' needs 'scan.bounded.specific-offsets'")
		}
		if _, err := parseOffsets("scan.bounded.specific-offsets", o); err != nil {
			return err
		}
	}
	for _, m := range t.Metadata {
		if _, ok := metadataKeys[m.Key]; !ok {
			return fmt.Errorf("metadata column %q: there is no metadata key %q; there are topic, partition, headers, leader-epoch, offset, timestamp and timestamp-type", m.Name, m.Key)
		}
		if !m.Virtual && !metadataKeys[m.Key] {
			return fmt.Errorf("metadata column %q: %q can only be read; declare it VIRTUAL", m.Name, m.Key)
		}
	}
	if o.String("sink.delivery-guarantee") == "exactly-once" && o.String("sink.transactional-id-prefix") == "" {
		return fmt.Errorf("option 'sink.delivery-guarantee' = 'exactly-once' needs 'sink.transactional-id-prefix'")
	}
	switch p := o.String("sink.partitioner"); p {
	case "default", "fixed", "round-robin":
	default:
		return fmt.Errorf("option 'sink.partitioner': there are default, fixed and round-robin; a class (%s) runs only on a Flink target", p)
	}
	_, err := readProperties(o)
	return err
}

// metadataKeys are the keys of metadata columns; true: can be written.
var metadataKeys = map[string]bool{
	"topic": true, "partition": false, "headers": true, "leader-epoch": false, "offset": false, "timestamp": true, "timestamp-type": false,
}

func topicList(o option.Values) []string {
	var out []string
	for t := range strings.SplitSeq(o.String("topic"), ";") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// layout says which physical columns are in the key and which in the value of
// a record, as indices, and what the key's are called there.
type layout struct {
	key, value []int
	keyNames   []string
}

func keyFields(t graph.Table, o option.Values, upsert bool) []string {
	if upsert {
		return t.PrimaryKey
	}
	var out []string
	for f := range strings.SplitSeq(o.String("key.fields"), ";") {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

func layoutOf(t graph.Table, o option.Values, upsert bool) (layout, error) {
	var l layout
	prefix := o.String("key.fields-prefix")
	inKey := map[string]bool{}
	for _, f := range keyFields(t, o, upsert) {
		i := slices.IndexFunc(t.Columns, func(c data.Column) bool { return c.Name == f })
		if i < 0 {
			return l, fmt.Errorf("option 'key.fields': table %s has no column %q that is not computed", t.Name, f)
		}
		name, ok := strings.CutPrefix(f, prefix)
		if !ok {
			return l, fmt.Errorf("option 'key.fields-prefix': all columns of the key must begin with %q, but %q does not", prefix, f)
		}
		inKey[f] = true
		l.key, l.keyNames = append(l.key, i), append(l.keyNames, name)
	}
	except := o.String("value.fields-include") == "EXCEPT_KEY"
	if prefix != "" && !except {
		return l, fmt.Errorf("a key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps")
	}
	for i, c := range t.Columns {
		if !except || !inKey[c.Name] {
			l.value = append(l.value, i)
		}
	}
	return l, nil
}

// columns of a part of the record.
func columnsAt(t graph.Table, at []int, names []string) []data.Column {
	out := make([]data.Column, len(at))
	for k, i := range at {
		out[k] = t.Columns[i]
		if names != nil {
			out[k].Name = names[k]
		}
	}
	return out
}
