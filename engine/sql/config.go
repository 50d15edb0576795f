package sql

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/physical"
)

func (s *Session) millis(key string, absent int64) (int64, error) {
	text, ok := s.config[key]
	if !ok {
		return absent, nil
	}
	d, err := option.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("configuration %q: %w", key, err)
	}
	return d.Milliseconds(), nil
}

// flag reads a setting that is false if it is not given.
func (s *Session) flag(key string) (bool, error) {
	text, ok := s.config[key]
	if !ok {
		return false, nil
	}
	yes, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, fmt.Errorf("configuration %q: 'true' or 'false' expected, got %q", key, text)
	}
	return yes, nil
}

func (s *Session) physical() (physical.Config, error) {
	c := physical.Config{AcceptsUpdates: s.acceptsUpdates, Replaces: func(t graph.Table) (byKey, ignoresBefore bool) {
		k := s.connectorNamed(t.Connector)
		return k != nil && k.Upsert, k != nil && k.NoBefore
	}}
	var err error
	if c.Batch, err = s.batch(); err != nil {
		return c, err
	}
	c.Bounded = s.bounded
	if c.TTLMillis, err = s.millis("table.exec.state.ttl", 0); err != nil {
		return c, err
	}
	if c.EmitMillis, err = s.millis("pipeline.auto-watermark-interval", 200); err != nil {
		return c, err
	}
	if c.MiniBatch, err = s.flag("table.exec.mini-batch.enabled"); err != nil {
		return c, err
	}
	for _, key := range []string{"table.exec.emit.early-fire.enabled", "table.exec.emit.late-fire.enabled"} {
		on, err := s.flag(key)
		if err != nil {
			return c, err
		}
		c.EarlyOrLate = c.EarlyOrLate || on
	}
	for key, off := range map[string]*bool{"table.optimizer.reuse-sub-plan-enabled": &c.NoReuse, "table.optimizer.reuse-source-enabled": &c.TwoSources, "table.optimizer.multi-join.enabled": &c.TwoByTwo} {
		if _, given := s.config[key]; given {
			on, err := s.flag(key)
			if err != nil {
				return c, err
			}
			*off = !on
		}
	}
	c.AsTheyCome = strings.EqualFold(s.config["table.exec.sink.upsert-materialize"], "NONE")
	if c.AskConflict, err = s.flag("table.exec.sink.require-on-conflict"); err != nil {
		return c, err
	}
	c.NotNull = "ERROR"
	if text, ok := s.config["table.exec.sink.not-null-enforcer"]; ok {
		c.NotNull = strings.ToUpper(text)
		if c.NotNull != "ERROR" && c.NotNull != "DROP" {
			return c, fmt.Errorf("configuration %q: 'ERROR' or 'DROP' expected, got %q", "table.exec.sink.not-null-enforcer", text)
		}
	}
	return c, nil
}

// batch is execution.runtime-mode.
// checkSetting refuses the values that Flink refuses when they are set; those of
// other settings are looked at where they are used.
func checkSetting(key, value string) error {
	switch key {
	case "execution.runtime-mode":
		_, err := batchMode(value)
		return err
	case "parallelism.default":
		if _, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32); err != nil {
			return fmt.Errorf("configuration %q: a number expected, got %q", key, value)
		}
	case "execution.checkpointing.interval":
		if _, err := option.ParseDuration(value); err != nil {
			return fmt.Errorf("configuration %q: %w", key, err)
		}
	case "table.sql-dialect":
		if !strings.EqualFold(value, "default") {
			return fmt.Errorf("configuration %q: 'default' expected, got %q: other dialects need a Flink target", key, value)
		}
	}
	return nil
}

func (s *Session) batch() (bool, error) { return batchMode(s.config["execution.runtime-mode"]) }

func batchMode(value string) (bool, error) {
	switch strings.ToUpper(value) {
	case "", "STREAMING", "AUTOMATIC":
		return false, nil
	case "BATCH":
		return true, nil
	default:
		return false, fmt.Errorf("configuration %q: 'STREAMING' or 'BATCH' expected, got %q", "execution.runtime-mode", value)
	}
}

// bounded tells whether a table ends by itself.
func (s *Session) bounded(t graph.Table) bool {
	c := s.connectorNamed(t.Connector)
	if c == nil || c.Bounded == nil {
		return false
	}
	own, _, _, _ := split(t.Options, c)
	values, err := option.CheckOf("connector "+c.Name, c.Options, own)
	return err == nil && c.Bounded(values)
}

// acceptsUpdates tells whether a sink takes more than inserts: its connector
// does for itself, or it writes what its format makes of changes.
func (s *Session) acceptsUpdates(t graph.Table) bool {
	c := s.connectorNamed(t.Connector)
	if c == nil || c.AcceptsUpdates {
		return c != nil
	}
	_, _, _, key := split(t.Options, c)
	f := s.formatNamed(t.Options[key])
	return c.Formats && f != nil && f.Changelog
}

// zone is table.local-time-zone.
func (s *Session) zone() (*function.Zone, error) {
	name := s.config["table.local-time-zone"]
	if name == "" || name == "default" {
		return &function.Zone{Name: "UTC", Location: time.UTC}, nil
	}
	if z, err := function.LoadZone(name); err == nil {
		return z, nil
	}
	return nil, fmt.Errorf("invalid time zone '%s' in table.local-time-zone: the value should be a Time Zone Database (TZDB) ID such as 'America/Los_Angeles' to include daylight saving time; fixed offsets are supported using 'GMT-03:00' or 'GMT+03:00'; or use 'UTC' without time zone and daylight saving time", name)
}
