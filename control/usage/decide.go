package usage

import (
	"time"

	"github.com/weir-streams/weir/resource"
)

// repeatAfter is how long a record stands before it is written again, so that
// old records can be removed and reports have a line a day at least.
const repeatAfter = 24 * time.Hour

// due is what is to be recorded at a time: what each namespace uses now, where
// the last record says something else or is old. Namespaces that never used
// anything have no records.
func due(now time.Time, last map[string]resource.UsageRecord, used map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for namespace, cpus := range used {
		r, known := last[namespace]
		if !known && cpus == 0 {
			continue
		}
		if !known || r.Used != cpus || now.Sub(r.At.Time) >= repeatAfter {
			out[namespace] = cpus
		}
	}
	for namespace, r := range last {
		if _, uses := used[namespace]; !uses && (r.Used != 0 || now.Sub(r.At.Time) >= repeatAfter) {
			out[namespace] = 0
		}
	}
	return out
}
