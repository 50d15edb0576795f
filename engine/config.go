package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/runtime"
	"github.com/weir-streams/weir/engine/storage"
)

// settings is what the engine takes from a configuration. Keys it does not
// know are none of its business.
type settings struct {
	parallelism    int
	maxParallelism int // 0: not configured
	checkpoint     checkpoint.Config
	restart        runtime.Restart
	watchdog       runtime.Watchdog
	zone           *function.Zone
	memory         int64
	localDir       string
	restore        string
	allowLost      bool
}

// reader reads a configuration and gathers what is wrong with it.
type reader struct {
	config map[string]string
	errs   []error
}

// text returns the value of the first key that is set.
func (r *reader) text(def string, keys ...string) (value, key string) {
	for _, k := range keys {
		if v := strings.TrimSpace(r.config[k]); v != "" {
			return v, k
		}
	}
	return def, keys[0]
}

func (r *reader) wrong(key, value, want string) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s expected, got %q", key, want, value))
}

func (r *reader) duration(def string, keys ...string) time.Duration {
	v, key := r.text(def, keys...)
	d, err := option.ParseDuration(v)
	if err != nil || d < 0 {
		r.wrong(key, v, "a duration such as '10 s'")
	}
	return d
}

func (r *reader) number(def, least int, keys ...string) int {
	v, key := r.text(strconv.Itoa(def), keys...)
	n, err := strconv.Atoi(v)
	if err != nil || n < least {
		r.wrong(key, v, fmt.Sprintf("a whole number of at least %d", least))
	}
	return n
}

func (r *reader) float(def float64, keys ...string) float64 {
	v, key := r.text(strconv.FormatFloat(def, 'g', -1, 64), keys...)
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0) {
		r.wrong(key, v, "a number of at least 0")
	}
	return f
}

func (r *reader) folder(keys ...string) string {
	v, key := r.text("", keys...)
	if v == "" {
		return ""
	}
	p, err := storage.Clean(v)
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", key, err))
	}
	return p
}

func (r *reader) flag(def bool, keys ...string) bool {
	v, key := r.text(strconv.FormatBool(def), keys...)
	switch strings.ToLower(v) {
	case "true":
		return true
	case "false":
		return false
	}
	r.wrong(key, v, "true or false")
	return def
}

// storage says how buckets are reached; what is not configured is as the
// environment says.
func (r *reader) storage() storage.Config {
	s3 := storage.S3FromEnvironment()
	s3.Endpoint, _ = r.text(s3.Endpoint, "s3.endpoint")
	s3.Region, _ = r.text(s3.Region, "s3.region", "s3.endpoint.region")
	s3.AccessKey, _ = r.text("", "s3.access-key", "s3.access.key")
	s3.SecretKey, _ = r.text("", "s3.secret-key", "s3.secret.key")
	s3.PathStyle = r.flag(s3.Endpoint != "", "s3.path.style.access", "s3.path-style-access")
	return storage.Config{S3: s3}
}

// CheckConfig says what of a configuration cannot be taken; keys that are none
// of the engine's business are left alone.
func (e *Engine) CheckConfig(config map[string]string) error {
	_, err := settingsOf(config)
	return err
}

// settingsOf reads Flink's keys, present and old ones.
func settingsOf(config map[string]string) (settings, error) {
	r := &reader{config: config}
	s := settings{
		parallelism: r.number(1, 1, "parallelism.default"),
		checkpoint: checkpoint.Config{
			Interval:   r.duration("0 s", "execution.checkpointing.interval"),
			Timeout:    r.duration("10 min", "execution.checkpointing.timeout"),
			MinPause:   r.duration("0 s", "execution.checkpointing.min-pause"),
			Tolerable:  r.number(0, 0, "execution.checkpointing.tolerable-failed-checkpoints"),
			Retained:   r.number(1, 1, "execution.checkpointing.num-retained", "state.checkpoints.num-retained"),
			Dir:        r.folder("execution.checkpointing.dir", "state.checkpoints.dir"),
			Savepoints: r.folder("execution.checkpointing.savepoint-dir", "state.savepoints.dir"),
		},
	}
	s.checkpoint.Incremental = r.flag(true, "execution.checkpointing.incremental", "state.backend.incremental")
	s.checkpoint.Compress = r.flag(false, "execution.checkpointing.snapshot-compression")
	s.checkpoint.Storage = r.storage()
	if v, key := r.text("", "pipeline.max-parallelism"); v != "" && v != "-1" {
		s.maxParallelism = r.number(0, 1, key)
		if s.maxParallelism > 1<<15 {
			r.wrong(key, v, "at most 32768")
		}
	}
	retention, key := r.text(string(checkpoint.NoRetention), "execution.checkpointing.externalized-checkpoint-retention")
	switch s.checkpoint.Retention = checkpoint.Retention(strings.ToUpper(retention)); s.checkpoint.Retention {
	case checkpoint.NoRetention, checkpoint.DeleteOnCancellation, checkpoint.RetainOnCancellation:
	default:
		r.wrong(key, retention, "NO_EXTERNALIZED_CHECKPOINTS, DELETE_ON_CANCELLATION or RETAIN_ON_CANCELLATION")
	}
	s.restart = r.restart(s.checkpoint.Interval > 0)
	s.watchdog = runtime.Watchdog{After: r.duration("1 min", "task.watchdog.timeout"), Fail: r.flag(false, "task.watchdog.fail")}
	s.zone = r.zone()
	if v, key := r.text("", "state.backend.memory"); v != "" {
		n, err := option.ParseBytes(v)
		if err != nil {
			r.wrong(key, v, "a size such as '512 mb'")
		}
		s.memory = n
	}
	s.localDir = r.localDir()
	s.restore, _ = r.text("", "execution.state-recovery.path", "execution.savepoint.path")
	s.allowLost = r.flag(false, "execution.state-recovery.ignore-unclaimed-state", "execution.savepoint.ignore-unclaimed-state")
	return s, errors.Join(r.errs...)
}

// localDir is the folder for state that does not fit into memory: of several the first.
func (r *reader) localDir() string {
	switch v, key := r.text("", "state.backend.type", "state.backend"); strings.ToLower(v) {
	case "", "hashmap", "filesystem", "rocksdb", "forst":
	default:
		if !strings.Contains(v, ".") { // the class of a factory
			r.wrong(key, v, "hashmap, rocksdb or forst, which are one and the same here,")
		}
	}
	dirs, key := r.text("", "state.backend.local-dir", "state.backend.rocksdb.localdir", "io.tmp.dirs")
	dir, _, _ := strings.Cut(strings.ReplaceAll(dirs, ":/", ",/"), ",")
	if dir = strings.TrimSpace(dir); dir == "" {
		return filepath.Join(os.TempDir(), "weir-state")
	}
	if !filepath.IsAbs(dir) {
		r.wrong(key, dirs, "an absolute path")
	}
	return dir
}

func (r *reader) restart(checkpointing bool) runtime.Restart {
	const p = "restart-strategy."
	kind, key := r.text("", p+"type", "restart-strategy")
	switch strings.ToLower(kind) {
	case "":
		if !checkpointing {
			return runtime.Restart{Kind: runtime.NoRestart}
		}
		return r.exponential()
	case "none", "off", "disable":
		return runtime.Restart{Kind: runtime.NoRestart}
	case "fixed-delay", "fixeddelay":
		return runtime.Restart{
			Kind:     runtime.FixedDelay,
			Attempts: r.attempts(1, p+"fixed-delay.attempts"),
			Delay:    r.duration("1 s", p+"fixed-delay.delay"),
		}
	case "exponential-delay", "exponentialdelay":
		return r.exponential()
	case "failure-rate", "failurerate":
		return runtime.Restart{
			Kind:     runtime.FailureRate,
			Delay:    r.duration("1 s", p+"failure-rate.delay"),
			Failures: r.number(1, 0, p+"failure-rate.max-failures-per-interval"),
			Interval: r.duration("1 min", p+"failure-rate.failure-rate-interval"),
		}
	}
	r.wrong(key, kind, "none, fixed-delay, exponential-delay or failure-rate")
	return runtime.Restart{Kind: runtime.NoRestart}
}

func (r *reader) exponential() runtime.Restart {
	const p = "restart-strategy.exponential-delay."
	s := runtime.Restart{
		Kind:       runtime.ExponentialDelay,
		Delay:      r.duration("1 s", p+"initial-backoff"),
		MaxDelay:   r.duration("1 min", p+"max-backoff"),
		Multiplier: r.float(1.5, p+"backoff-multiplier"),
		Jitter:     r.float(0.1, p+"jitter-factor"),
		ResetAfter: r.duration("1 h", p+"reset-backoff-threshold"),
		Attempts:   r.attempts(0, p+"attempts-before-reset-backoff"),
	}
	if s.Multiplier < 1 {
		r.wrong(p+"backoff-multiplier", r.config[p+"backoff-multiplier"], "a number of at least 1")
	}
	if s.Jitter > 1 {
		r.wrong(p+"jitter-factor", r.config[p+"jitter-factor"], "a number of at most 1")
	}
	return s
}

// attempts reads a number of restarts; Flink writes "for ever" as the greatest
// integer, and so does 0 mean within the engine. Zero attempts is no restart.
func (r *reader) attempts(def int, key string) int {
	if strings.EqualFold(strings.TrimSpace(r.config[key]), "infinite") {
		return 0
	}
	n := r.number(def, 0, key)
	switch {
	case n >= 1<<31-1:
		return 0
	case n == 0 && r.config[key] != "":
		return -1
	}
	return n
}

func (r *reader) zone() *function.Zone {
	name, key := r.text("default", "table.local-time-zone")
	if name == "default" {
		return &function.Zone{Name: time.Local.String(), Location: time.Local}
	}
	zone, err := function.LoadZone(name)
	if err != nil {
		r.wrong(key, name, "a time zone such as 'Europe/Zurich', 'UTC' or 'GMT+02:00'")
		return &function.Zone{Name: "UTC", Location: time.UTC}
	}
	return zone
}
