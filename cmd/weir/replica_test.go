package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/flink/flinktest"
	"github.com/weir-streams/weir/test/postgres"
)

// takeover is how soon another server must lead when the one that did is killed.
const takeover = 10 * time.Second

// TestAnotherServerTakesOver: of two servers on one database one leads; when
// it is killed in the middle of upgrades the other one goes on, soon, and
// nothing is done twice.
func TestAnotherServerTakesOver(t *testing.T) {
	url := postgres.URL(t)
	f := newFarm(t, 10*time.Millisecond, 5, clustertest.Options{Start: time.Now(), Timing: flinktest.Timing{Savepoint: time.Second, Deploy: time.Second}})
	first := f.server("first", t.TempDir(), "--database", url)
	wait(t, "the first server leads", func() string { return blank(!first.leadsSince().IsZero(), "it does not say so") })
	second := f.server("second", t.TempDir(), "--database", url)

	const n = 6
	ctx := t.Context()
	for i := range n {
		create(t, second.api, fmt.Sprint("d", i), "RUNNING") // the one that does not lead takes requests too
	}
	settled := func(parallelism int) func() string {
		return func() string {
			for i := range n {
				if why := f.runs(second.api, fmt.Sprint("d", i), "RUNNING", parallelism); why != "" {
					return why
				}
			}
			return ""
		}
	}
	wait(t, "all run", settled(1))
	if !second.leadsSince().IsZero() {
		t.Fatal("both lead")
	}

	for i := range n {
		patch(t, second.api, fmt.Sprint("d", i), `{"spec":{"template":{"spec":{"parallelism":2}}}}`)
	}
	wait(t, "an upgrade is under way", func() string {
		for _, e := range f.journal.Entries() {
			if strings.HasSuffix(e.Path, "/stop") {
				return ""
			}
		}
		return "no job was asked to stop"
	})
	killed := time.Now()
	first.kill()
	// Everybody may still ask the other one.
	if _, err := second.api.Deployments("default").List(ctx, client.Query{}); err != nil {
		t.Errorf("while nobody leads: %v", err)
	}
	wait(t, "the second server leads", func() string { return blank(!second.leadsSince().IsZero(), "it does not say so") })
	if took := second.leadsSince().Sub(killed); took > takeover {
		t.Errorf("it took %v until the second server led, want at most %v", took, takeover)
	} else {
		t.Logf("the second server led after %v", took.Round(time.Millisecond))
	}
	wait(t, "all upgrades are done", settled(2))
	f.nothingTwice(map[string]time.Time{"first": killed})

	// It may come back, and follows.
	first.start()
	patch(t, first.api, "d0", `{"spec":{"template":{"spec":{"parallelism":3}}}}`)
	wait(t, "a request to the follower is acted on", func() string { return f.runs(first.api, "d0", "RUNNING", 3) })
	f.nothingTwice(map[string]time.Time{"first": killed})
}

// nothingTwice checks the journal: never two live jobs of a deployment, no
// cluster launched again unless its launcher was killed just then, no job asked
// to stop with two different savepoints.
func (f *farm) nothingTwice(killed map[string]time.Time) {
	f.t.Helper()
	for _, s := range f.journal.Twice() {
		f.t.Error(s)
	}
	last := map[cluster.Ref]clustertest.Entry{}
	stops := map[cluster.Ref]string{}
	for _, e := range f.journal.Entries() {
		if e.Call == clustertest.Launch {
			before, ok := last[e.Ref]
			at, died := killed[before.By]
			if ok && e.Again && (!died || at.Sub(before.At) > time.Second) {
				f.t.Errorf("%s launched %s again, which %s had launched %v before", e.By, e.Ref, before.By, e.At.Sub(before.At))
			}
			last[e.Ref] = e
		}
		if strings.HasSuffix(e.Path, "/stop") {
			if before, ok := stops[e.Ref]; ok && before != e.Body {
				f.t.Errorf("%s was asked to stop by %s and by %s", e.Ref, before, e.Body)
			}
			stops[e.Ref] = e.Body
		}
	}
}

// runs says why a deployment is not as wanted, in the API and on the farm.
func (f *farm) runs(api *client.Client, name, state string, parallelism int) string {
	d, err := api.Deployments("default").Get(context.Background(), name)
	if err != nil {
		return err.Error()
	}
	if string(d.Status.State) != state {
		return fmt.Sprintf("%s is %s (%s)", name, d.Status.State, d.Status.Message)
	}
	alive := 0
	for _, c := range f.fake.Clusters() {
		if c.Spec.DeploymentID != d.Metadata.ID || c.Gone() || c.Status().Terminal() {
			continue
		}
		if c.Spec.Parallelism != parallelism && state == "RUNNING" {
			return fmt.Sprintf("%s runs with parallelism %d", name, c.Spec.Parallelism)
		}
		alive++
	}
	if want := map[string]int{"RUNNING": 1}[state]; alive != want {
		return fmt.Sprintf("%s is %s and has %d live jobs", name, state, alive)
	}
	return ""
}

func create(t testing.TB, api *client.Client, name, state string) {
	t.Helper()
	spec := fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"state":%q,"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":%q},"parallelism":1}}}}`, name, state,
		"CREATE TEMPORARY TABLE s (x INT) WITH ('connector' = 'datagen'); CREATE TEMPORARY TABLE t (x INT) WITH ('connector' = 'blackhole'); INSERT INTO t SELECT x FROM s")
	if _, err := api.Deployments("default").Create(context.Background(), jsonText(spec)); err != nil {
		t.Fatal(err)
	}
}

func patch(t testing.TB, api *client.Client, name, text string) {
	t.Helper()
	if _, err := api.Deployments("default").Patch(context.Background(), name, jsonText(text)); err != nil {
		t.Fatal(err)
	}
}

// jsonText is sent as it is.
type jsonText string

// MarshalJSON returns the text.
func (j jsonText) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// wait looks until a thing holds; why says what is missing.
func wait(t testing.TB, what string, why func() string) {
	t.Helper()
	reason := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if reason = why(); reason == "" {
			return
		}
	}
	t.Fatalf("%s: not so after two minutes: %s", what, reason)
}

func blank(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}
