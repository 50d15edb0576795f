// Package filesystem reads tables from files of a folder and writes them into
// one, exactly once.
//
// The rule of the sink: a file gets its visible name by a rename when the
// checkpoint that knows it is complete, never before, and a name is never used
// by two writers.
package filesystem

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the filesystem connector.
var Connector = &connector.Connector{
	Name:    "filesystem",
	Doc:     "Files of a folder, or one file. Reads each file once from front to end; writes new files that become visible with a checkpoint.",
	Formats: true, Overwrites: true,
	Options: append([]option.Option{
		{Key: "path", Required: true, Doc: "The file or folder. Folders are read with all their sub-folders; names that begin with . or _ are left out.", Example: "/data/orders"},
		{Key: "source.monitor-interval", Type: option.Duration, Doc: "Look for new files this often, for ever. Without it the source ends after the files it found at the start. Files seen are not read again, even if they change.", Example: "10 s"},
		{Key: "source.path.regex-pattern", Doc: "Read only files whose whole path matches this regular expression."},
		{Key: "source.split-size", Type: option.Bytes, Default: "4 mb", Doc: "Bounded sources read uncompressed files of 64 MB and more in parts of at least this size, by all subtasks at once, if their lines are records (json, raw, csv without quotes). 0 keeps files whole, and so their rows in order. An option of weir's own."},
		{Key: "scan.rate-limit", Type: option.Int, Doc: "Rows a second, over all subtasks. An option of weir's own.", Example: "1000"},
		connector.ParseErrorsOption,
		{Key: "partition.default-name", Default: "__DEFAULT_PARTITION__", Doc: "The folder name of a partition whose value is NULL or empty."},
		{Key: "sink.rolling-policy.file-size", Type: option.Bytes, Default: "128 mb", Doc: "A file that has grown to this size is closed and a new one begun."},
		{Key: "sink.rolling-policy.rollover-interval", Type: option.Duration, Default: "30 min", Doc: "A file that has been open for this long is closed and a new one begun. A checkpoint always does so."},
		{Key: "sink.rolling-policy.check-interval", Type: option.Duration, Default: "1 min", Doc: "Accepted as in Flink; the age of files is looked at with every batch of rows."},
		{Key: "sink.partition-commit.policy.kind", Doc: "How a complete partition is made known: success-file writes an empty file into its folder. Without it partitions are not committed. Flink's metastore and custom are refused.", Example: "success-file"},
		{Key: "sink.partition-commit.trigger", Type: option.Enum, Enum: []string{"process-time", "partition-time"}, Default: "process-time", Doc: "When a partition is complete: some time after its first file, or when the watermark has passed the time in its columns. Looked at with each checkpoint."},
		{Key: "sink.partition-commit.delay", Type: option.Duration, Default: "0 s", Doc: "How long after that: for partitions of an hour by partition-time, 1 h."},
		{Key: "sink.partition-commit.success-file.name", Default: "_SUCCESS", Doc: "The name of that file."},
		{Key: "sink.partition-commit.watermark-time-zone", Default: "UTC", Doc: "Time zone of the times in partition columns.", Example: "Asia/Shanghai"},
		{Key: "partition.time-extractor.kind", Default: "default", Doc: "Only default; custom needs a class of Java."},
		{Key: "partition.time-extractor.timestamp-pattern", Doc: "The time of a partition from its columns. Without it the first column is it.", Example: "$day $hour:00:00"},
		{Key: "partition.time-extractor.timestamp-formatter", Doc: "How that time is written, if not as yyyy-MM-dd with or without HH:mm:ss.", Example: "yyyyMMdd HH:mm:ss"},
		{Key: "auto-compaction", Type: option.Bool, Default: "false", Doc: "Flink merges small files of a checkpoint. Not supported: true is refused; longer checkpoint intervals make larger files."},
		{Key: "sink.parallelism", Type: option.Int, Doc: "Parallelism of the sink; without it that of its input."},
	}, connector.FullCacheOptions()...),
	Bounded: func(o option.Values) bool { return !o.Has("source.monitor-interval") },
	Source:  newSource,
	Sink:    newSink,
	Check:   check,
}

func check(t graph.Table, o option.Values) error {
	if _, err := localPath("", o.String("path")); err != nil {
		return err
	}
	if o.Int("scan.rate-limit") < 0 {
		return fmt.Errorf("option 'scan.rate-limit' must not be negative, got %d", o.Int("scan.rate-limit"))
	}
	if o.Has("source.monitor-interval") && o.Duration("source.monitor-interval") <= 0 {
		return fmt.Errorf("option 'source.monitor-interval' must be longer than 0, got %q", o.String("source.monitor-interval"))
	}
	if p := o.String("source.path.regex-pattern"); p != "" {
		if _, err := regexp.Compile(p); err != nil {
			return fmt.Errorf("option 'source.path.regex-pattern': %w", err)
		}
	}
	if o.Bool("auto-compaction") {
		return errors.New("option 'auto-compaction' is not supported; each file holds the rows of one checkpoint, so a longer 'execution.checkpointing.interval' makes larger files")
	}
	if _, err := newCommitPolicy(t, o); err != nil {
		return err
	}
	for _, m := range t.Metadata {
		if _, ok := metadataTypes[m.Key]; !ok {
			return fmt.Errorf("invalid metadata key '%s' in column '%s': files have file.path, file.name, file.size and file.modification-time", m.Key, m.Name)
		}
	}
	if len(t.PartitionBy) > 0 && len(t.PartitionBy) == len(t.Columns) {
		return fmt.Errorf("table %s is partitioned by all of its columns: at least one must be in the files", t.Name)
	}
	return nil
}

var metadataTypes = map[string]data.Kind{
	"file.path": data.VarChar, "file.name": data.VarChar, "file.size": data.BigInt, "file.modification-time": data.TimestampLTZ,
}

// localPath resolves the path option.
func localPath(dir, path string) (string, error) {
	if scheme, rest, ok := strings.Cut(path, ":"); ok && !strings.Contains(scheme, "/") && len(scheme) > 1 {
		if scheme != "file" {
			return "", fmt.Errorf("option 'path': file system %q is not supported, only local files are: %s", scheme, path)
		}
		path = rest
		if strings.HasPrefix(path, "//") {
			u, err := url.Parse("file:" + rest)
			if err != nil || u.Host != "" && u.Host != "localhost" {
				return "", fmt.Errorf("option 'path': %q is not the address of a local file", "file:"+rest)
			}
			path = u.Path
		}
	}
	if path == "" {
		return "", fmt.Errorf("option 'path' is empty")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return filepath.Clean(path), nil
}

// physical splits a table's columns into those in the files and those in the
// folder names, as indices.
func physical(t graph.Table) (inFile, inPath []int) {
	for i, c := range t.Columns {
		part := false
		for _, p := range t.PartitionBy {
			part = part || p == c.Name
		}
		if part {
			inPath = append(inPath, i)
		} else {
			inFile = append(inFile, i)
		}
	}
	return inFile, inPath
}
