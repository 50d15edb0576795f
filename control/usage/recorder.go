package usage

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Collection is what the recorder reads of a kind.
type Collection[T any] interface {
	Get(ctx context.Context, id string) (T, error)
	List(ctx context.Context, f resource.Filter) ([]T, error)
}

// Store keeps the records.
type Store interface {
	Latest(ctx context.Context) ([]resource.UsageRecord, error)
	Record(ctx context.Context, at time.Time, used map[string]float64) error
}

// Needs are the things main introduces to the recorder.
type Needs struct {
	Jobs            Collection[resource.Job]
	SessionClusters Collection[resource.SessionCluster]
	// Changes delivers the keys of what changes until its context ends; the
	// zero Key means that some were lost.
	Changes func(context.Context) <-chan resource.Key
	Store   Store
	Log     *slog.Logger
}

// Recorder follows what runs and writes records. Make it with New.
type Recorder struct {
	Needs
	live map[resource.Key]float64 // what has CPUs now
}

// New makes a recorder.
func New(n Needs) *Recorder { return &Recorder{Needs: n, live: map[resource.Key]float64{}} }

// Run records once a minute until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // of the changes
	changes := r.Changes(ctx)
	behind := true // everything must be read again
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case key, ok := <-changes:
			if !ok {
				return nil
			}
			if key == (resource.Key{}) || r.follow(ctx, key) != nil {
				behind = true
			}
		case <-next.C:
			now := time.Now()
			next.Reset(now.Truncate(time.Minute).Add(time.Minute).Sub(now))
			if behind && r.readAll(ctx) != nil {
				continue // the next minute tries again
			}
			behind = false
			if err := r.record(ctx, now); err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "use of CPUs will be recorded with the next minute", "error", err)
			}
		}
	}
}

// follow looks at one thing that changed.
func (r *Recorder) follow(ctx context.Context, key resource.Key) error {
	cpus := 0.0
	var err error
	switch key.Kind {
	case resource.KindJob:
		var j resource.Job
		j, err = r.Jobs.Get(ctx, key.ID)
		cpus = j.CPUs()
	case resource.KindSessionCluster:
		var s resource.SessionCluster
		s, err = r.SessionClusters.Get(ctx, key.ID)
		cpus = s.CPUs()
	default:
		return nil
	}
	switch {
	case errors.Is(err, resource.ErrNotFound):
		cpus = 0
	case err != nil:
		return err
	}
	r.set(key, cpus)
	return nil
}

func (r *Recorder) set(key resource.Key, cpus float64) {
	if cpus > 0 {
		r.live[key] = cpus
	} else {
		delete(r.live, key)
	}
}

func (r *Recorder) readAll(ctx context.Context) error {
	jobs, err := r.Jobs.List(ctx, resource.Filter{})
	if err != nil {
		return err
	}
	clusters, err := r.SessionClusters.List(ctx, resource.Filter{})
	if err != nil {
		return err
	}
	clear(r.live)
	for _, j := range jobs {
		r.set(resource.Key{Kind: resource.KindJob, Namespace: j.Metadata.Namespace, ID: j.Metadata.ID}, j.CPUs())
	}
	for _, s := range clusters {
		r.set(resource.Key{Kind: resource.KindSessionCluster, Namespace: s.Metadata.Namespace, ID: s.Metadata.ID}, s.CPUs())
	}
	return nil
}

func (r *Recorder) record(ctx context.Context, now time.Time) error {
	latest, err := r.Store.Latest(ctx)
	if err != nil {
		return err
	}
	last := map[string]resource.UsageRecord{}
	for _, l := range latest {
		last[l.Namespace] = l
	}
	used := map[string]float64{}
	for key, cpus := range r.live {
		used[key.Namespace] += cpus
	}
	if out := due(now, last, used); len(out) > 0 {
		return r.Store.Record(ctx, now, out)
	}
	return nil
}
