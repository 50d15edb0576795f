package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/resource"
)

// What BenchmarkControl is to stay within.
const (
	controlDeployments = 1000
	controlRate        = 20 // changes a second
	controlFor         = 20 * time.Second
	controlMemory      = 500 << 20
	controlActed       = 100 * time.Millisecond // from the answer to a change to the first request to its cluster, 99 of 100
	controlStart       = 2 * time.Second
)

// BenchmarkControl is the platform with a thousand running deployments, whose
// clusters cost nothing: what it holds, how soon it acts on a change while
// others come, how soon it starts.
func BenchmarkControl(b *testing.B) {
	for range b.N {
		thousand(b)
	}
}

func thousand(b *testing.B) {
	f := newFarm(b, 200*time.Millisecond, 1, clustertest.Options{Start: time.Now()})
	s := f.server("server", b.TempDir(), "--log-level", "warn")
	ctx := b.Context()

	began := time.Now()
	var creators sync.WaitGroup
	for c := range 8 {
		creators.Go(func() {
			for i := c; i < controlDeployments; i += 8 {
				create(b, s.api, fmt.Sprint("d", i), "RUNNING")
			}
		})
	}
	creators.Wait()
	created := time.Since(began)
	running := func() string {
		time.Sleep(500 * time.Millisecond) // asking costs, too
		n := 0
		for _, d := range deployments(b, s.api) {
			if d.Status.State == resource.StateRunning {
				n++
			}
		}
		return blank(n == controlDeployments, fmt.Sprint(n, " run"))
	}
	wait(b, "all run", running)
	b.ReportMetric(created.Seconds(), "s/create-all")
	b.ReportMetric(time.Since(began).Seconds(), "s/run-all")

	lists := make([]time.Duration, 20)
	for i := range lists {
		at := time.Now()
		deployments(b, s.api)
		lists[i] = time.Since(at)
	}
	slices.Sort(lists)
	b.ReportMetric(ms(lists[len(lists)/2]), "ms/list")

	ids := map[string]string{}
	for _, d := range deployments(b, s.api) {
		ids[d.Metadata.Name] = d.Metadata.ID
	}
	before := len(f.journal.Entries())
	asked := map[string]time.Time{} // by id of the deployment
	order := rand.New(rand.NewPCG(1, 1)).Perm(controlDeployments)
	tick := time.NewTicker(time.Second / controlRate)
	for _, i := range order[:min(int(controlFor.Seconds())*controlRate, controlDeployments)] {
		<-tick.C
		name := fmt.Sprint("d", i)
		patch(b, s.api, name, `{"spec":{"template":{"spec":{"parallelism":2}}}}`)
		asked[ids[name]] = time.Now()
	}
	tick.Stop()
	wait(b, "all upgrades are done", func() string {
		time.Sleep(500 * time.Millisecond)
		n := 0
		for _, c := range f.fake.Clusters() {
			if c.Spec.Parallelism == 2 && c.Processing() {
				n++
			}
		}
		return blank(n == len(asked), fmt.Sprint(n, " of ", len(asked)))
	})
	acted, done := map[string]time.Duration{}, map[string]time.Duration{}
	for _, e := range f.journal.Entries()[before:] {
		at, ok := asked[e.Ref.DeploymentID]
		if !ok {
			continue
		}
		if _, ok := acted[e.Ref.DeploymentID]; !ok && strings.HasSuffix(e.Path, "/stop") {
			acted[e.Ref.DeploymentID] = max(e.At.Sub(at), 0)
		}
		if e.Call == clustertest.Launch {
			done[e.Ref.DeploymentID] = e.At.Sub(at)
		}
	}
	if len(acted) != len(asked) {
		b.Errorf("%d of %d changes were acted on", len(acted), len(asked))
	}
	p50, p99 := quantiles(acted)
	b.ReportMetric(ms(p50), "ms/acted-p50")
	b.ReportMetric(ms(p99), "ms/acted-p99")
	d50, d99 := quantiles(done)
	b.ReportMetric(ms(d50), "ms/relaunched-p50")
	b.ReportMetric(ms(d99), "ms/relaunched-p99")
	now, most := s.memory()
	b.ReportMetric(float64(now>>20), "MB/now")
	b.ReportMetric(float64(most>>20), "MB/most")

	var slowest time.Duration
	for i := range 3 {
		if i == 0 {
			s.stop() // as when it is asked to; a profile of it is written then
		} else {
			s.kill()
		}
		at := time.Now()
		s.start()
		if _, err := s.api.Deployments("default").Get(ctx, "d0"); err != nil {
			b.Error(err)
		}
		slowest = max(slowest, time.Since(at))
	}
	b.ReportMetric(ms(slowest), "ms/start")
	for _, twice := range f.journal.Twice() {
		b.Error(twice)
	}
	// Loud, not fatal: other programs of the machine count too.
	if most > controlMemory || p99 > controlActed || slowest > controlStart {
		b.Logf("BEYOND THE GOALS of %d MB, %v until acted on (p99), %v until started", controlMemory>>20, controlActed, controlStart)
	}
}

func deployments(b *testing.B, api *client.Client) []resource.Deployment {
	b.Helper()
	all, err := api.Deployments("default").List(context.Background(), client.Query{})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func quantiles(m map[string]time.Duration) (p50, p99 time.Duration) {
	if len(m) == 0 {
		return 0, 0
	}
	all := make([]time.Duration, 0, len(m))
	for _, d := range m {
		all = append(all, d)
	}
	slices.Sort(all)
	return all[len(all)/2], all[min(len(all)*99/100, len(all)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
