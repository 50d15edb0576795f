package soak

import (
	"flag"
	"testing"
	"time"
)

var (
	duration = flag.Duration("soak", 6*time.Second, "how long")
	rate     = flag.Int64("soak-rate", 5000, "events a second of each query; 0: half of what is measured first")
)

// TestSoak is short by default:
//
//	go test ./test/bench/soak -v -timeout 0 -args -soak 5m -soak-rate 0
func TestSoak(t *testing.T) {
	r, err := Run(t.Context(), Options{Duration: *duration, Rate: *rate, Parallelism: 2, Checkpoints: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	last := r.Samples[len(r.Samples)-1]
	t.Logf("%d events/s for each query, %.0f %% reached: %+v", r.Rate, 100*r.Reached, last)
	if last.Events == 0 || last.Checkpoints == 0 {
		t.Errorf("nothing was done: %+v", last)
	}
	if *duration < time.Minute {
		return // too short to tell growth from a beginning
	}
	for _, w := range r.Wrong {
		t.Error(w)
	}
}

func TestGrowthIsTold(t *testing.T) {
	r := Result{Rate: 1}
	for i := range 40 {
		r.Samples = append(r.Samples, Sample{After: time.Second, Goroutines: 10 + i, Files: 10, RSS: int64(i) << 26, Failed: 1})
	}
	r.judge(1)
	if len(r.Wrong) != 3 {
		t.Errorf("%v", r.Wrong)
	}
}
