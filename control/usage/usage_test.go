package usage

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-streams/weir/resource"
)

func TestWhatIsDue(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	at := func(ago time.Duration, used float64) resource.UsageRecord {
		return resource.UsageRecord{At: resource.At(now.Add(-ago)), Used: used}
	}
	for _, tt := range []struct {
		name string
		last map[string]resource.UsageRecord
		used map[string]float64
		want map[string]float64
	}{
		{"nothing was ever used", nil, map[string]float64{"a": 0}, nil},
		{"the first use", nil, map[string]float64{"a": 2}, map[string]float64{"a": 2}},
		{"no change", map[string]resource.UsageRecord{"a": at(time.Hour, 2)}, map[string]float64{"a": 2}, nil},
		{"a change", map[string]resource.UsageRecord{"a": at(time.Minute, 2)}, map[string]float64{"a": 3}, map[string]float64{"a": 3}},
		{"no change for a day", map[string]resource.UsageRecord{"a": at(24*time.Hour, 2)}, map[string]float64{"a": 2}, map[string]float64{"a": 2}},
		{"the last one ended", map[string]resource.UsageRecord{"a": at(time.Minute, 2)}, nil, map[string]float64{"a": 0}},
		{"it ended before", map[string]resource.UsageRecord{"a": at(time.Hour, 0)}, nil, nil},
		{"it ended a day ago", map[string]resource.UsageRecord{"a": at(25*time.Hour, 0)}, nil, map[string]float64{"a": 0}},
	} {
		if got := due(now, tt.last, tt.used); !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// memory is a store and the collections of one test.
type memory struct {
	jobs    map[string]resource.Job
	records []map[string]float64
	last    map[string]resource.UsageRecord
}

func (m *memory) Get(_ context.Context, id string) (resource.Job, error) {
	j, ok := m.jobs[id]
	if !ok {
		return j, resource.ErrNotFound
	}
	return j, nil
}

func (m *memory) List(context.Context, resource.Filter) (all []resource.Job, _ error) {
	for _, j := range m.jobs {
		all = append(all, j)
	}
	return all, nil
}

func (m *memory) Latest(context.Context) (all []resource.UsageRecord, _ error) {
	for _, r := range m.last {
		all = append(all, r)
	}
	return all, nil
}

func (m *memory) Record(_ context.Context, at time.Time, used map[string]float64) error {
	m.records = append(m.records, used)
	for namespace, cpus := range used {
		m.last[namespace] = resource.UsageRecord{Namespace: namespace, At: resource.At(at), Used: cpus}
	}
	return nil
}

type noSessions struct{}

func (noSessions) Get(context.Context, string) (resource.SessionCluster, error) {
	return resource.SessionCluster{}, resource.ErrNotFound
}

func (noSessions) List(context.Context, resource.Filter) ([]resource.SessionCluster, error) {
	return nil, nil
}

func job(id string, state resource.JobState) resource.Job {
	j := resource.Job{Metadata: resource.Metadata{ID: id, Namespace: "team"}}
	j.Spec.NumberOfTaskManagers = 2
	j.Spec.Resources.JobManager.CPU, j.Spec.Resources.TaskManager.CPU = 0.5, 1
	j.Status.State = state
	return j
}

func TestRecorderFollowsJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{jobs: map[string]resource.Job{"a": job("a", resource.JobStarted), "old": job("old", resource.JobFailed)}, last: map[string]resource.UsageRecord{}}
		changes := make(chan resource.Key)
		r := New(Needs{
			Jobs: m, SessionClusters: noSessions{}, Store: m, Log: slog.New(slog.DiscardHandler),
			Changes: func(context.Context) <-chan resource.Key { return changes },
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		step := func(want ...float64) {
			t.Helper()
			time.Sleep(time.Minute)
			synctest.Wait()
			var got []float64
			for _, record := range m.records {
				got = append(got, record["team"])
			}
			if len(got) != len(want) {
				t.Fatalf("recorded %v, want %v", got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("recorded %v, want %v", got, want)
				}
			}
		}
		change := func(id string) {
			changes <- resource.Key{Kind: resource.KindJob, Namespace: "team", ID: id}
			synctest.Wait()
		}
		step(2.5)
		step(2.5)
		m.jobs["b"] = job("b", resource.JobStarting)
		change("b")
		step(2.5, 5)
		delete(m.jobs, "a") // pruned
		m.jobs["b"] = job("b", resource.JobTerminated)
		changes <- resource.Key{} // lost: everything is read again
		step(2.5, 5, 0)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
