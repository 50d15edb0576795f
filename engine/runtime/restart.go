package runtime

import (
	"math"
	"time"
)

// RestartKind is the sort of a restart strategy, in Flink's words.
type RestartKind string

// Restart strategies.
const (
	NoRestart        RestartKind = "none"
	FixedDelay       RestartKind = "fixed-delay"
	ExponentialDelay RestartKind = "exponential-delay"
	FailureRate      RestartKind = "failure-rate"
)

// Restart says whether and when a failed job begins again.
type Restart struct {
	Kind     RestartKind
	Attempts int           // FixedDelay: restarts in all; ExponentialDelay: before a reset. 0: without limit, -1: none
	Delay    time.Duration // the first one for ExponentialDelay
	// ExponentialDelay.
	MaxDelay   time.Duration
	Multiplier float64
	Jitter     float64       // share of the delay
	ResetAfter time.Duration // without failure the delay begins anew
	// FailureRate: at most Failures within Interval.
	Failures int
	Interval time.Duration
}

// restarter applies a Restart to the failures of one job.
type restarter struct {
	Restart
	count    int
	delay    time.Duration
	failures []time.Time
}

// next says after which delay to start again; false: never. up is how long
// the attempt had run, random is in [0,1).
func (r *restarter) next(now time.Time, up time.Duration, random float64) (time.Duration, bool) {
	switch r.Kind {
	case FixedDelay:
		r.count++
		return r.Delay, r.Attempts == 0 || r.count <= r.Attempts
	case ExponentialDelay:
		if r.delay == 0 || up >= r.ResetAfter {
			r.delay, r.count = r.Delay, 0
		} else {
			r.delay = min(time.Duration(math.Min(float64(r.delay)*r.Multiplier, float64(math.MaxInt64/2))), r.MaxDelay)
		}
		r.count++
		jitter := time.Duration(float64(r.delay) * r.Jitter * (2*random - 1))
		return max(0, r.delay+jitter), r.Attempts == 0 || r.count <= r.Attempts
	case FailureRate:
		r.failures = append(r.failures, now)
		for len(r.failures) > 0 && now.Sub(r.failures[0]) > r.Interval {
			r.failures = r.failures[1:]
		}
		return r.Delay, len(r.failures) <= r.Failures
	}
	return 0, false
}
