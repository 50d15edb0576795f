package filesystem

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/option"
)

// partitionTime tells when a partition begins, from the values in its folder.
type partitionTime struct {
	names   []string
	pattern string // with $column for values; "": the first column's value
	format  string // of Java's letters; "": 2024-02-29, maybe with 12:34:56
	zone    *time.Location
}

func newPartitionTime(names []string, o option.Values) (partitionTime, error) {
	p := partitionTime{names: names, pattern: o.String("partition.time-extractor.timestamp-pattern"), format: o.String("partition.time-extractor.timestamp-formatter")}
	if kind := o.String("partition.time-extractor.kind"); kind != "default" {
		return p, fmt.Errorf("option 'partition.time-extractor.kind': %q needs a class of Java; only 'default' is supported", kind)
	}
	var err error
	if p.zone, err = time.LoadLocation(o.String("sink.partition-commit.watermark-time-zone")); err != nil {
		return p, fmt.Errorf("option 'sink.partition-commit.watermark-time-zone': %w", err)
	}
	if p.format != "" {
		if _, err := goLayout(p.format); err != nil {
			return p, fmt.Errorf("option 'partition.time-extractor.timestamp-formatter': %w", err)
		}
	}
	if p.pattern != "" {
		known := p.pattern
		for _, n := range names {
			known = strings.ReplaceAll(known, "$"+n, "")
		}
		if strings.Contains(known, "$") {
			return p, fmt.Errorf("option 'partition.time-extractor.timestamp-pattern': %q names a column that is none of the partition's: %s", p.pattern, strings.Join(names, ", "))
		}
	}
	return p, nil
}

// of is the time of a folder in milliseconds.
func (p partitionTime) of(folder string) (int64, error) {
	values := partitionText(folder + "/")
	text := p.pattern
	if text == "" {
		text = values[p.names[0]]
	} else {
		for i := range p.names { // the longest names first: $hour is not $h and "our"
			longest := ""
			for _, n := range p.names {
				if len(n) > len(longest) && strings.Contains(text, "$"+n) {
					longest = n
				}
			}
			if longest == "" || i > len(p.names) {
				break
			}
			text = strings.ReplaceAll(text, "$"+longest, values[longest])
		}
	}
	layouts := []string{"2006-1-2 15:4:5.999999999", "2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2"}
	if p.format != "" {
		layout, err := goLayout(p.format)
		if err != nil {
			return 0, err
		}
		layouts = []string{layout}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, p.zone); err == nil {
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("partition %s: %q is not a time; set 'partition.time-extractor.timestamp-pattern', such as '$day $hour:00:00', or 'partition.time-extractor.timestamp-formatter'", folder, text)
}

// goLayout is a pattern of Java's letters as Go's.
func goLayout(pattern string) (string, error) {
	letters := map[string]string{
		"yyyy": "2006", "uuuu": "2006", "yy": "06", "MM": "01", "M": "1", "dd": "02", "d": "2", "HH": "15", "H": "15", "mm": "04", "m": "4", "ss": "05", "s": "5", "SSS": "000",
	}
	var b strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := 1
		for i+n < len(pattern) && pattern[i+n] == c {
			n++
		}
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return "", errors.New("a quote is not closed")
			}
			b.WriteString(pattern[i+1 : i+1+end])
			i += end + 2
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			l, ok := letters[pattern[i:i+n]]
			if !ok {
				return "", fmt.Errorf("%q is not supported; there are yyyy, MM, dd, HH, mm, ss and SSS", pattern[i:i+n])
			}
			b.WriteString(l)
		default:
			b.WriteString(pattern[i : i+n])
		}
		i += n
	}
	return b.String(), nil
}
