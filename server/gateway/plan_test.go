package gateway

import (
	"encoding/hex"
	"errors"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

const (
	catalogTable = "CREATE TABLE `vvp`.`default`.`n` (id BIGINT, k BIGINT) WITH ('connector'='datagen','number-of-rows'='100')"
	plannedSink  = "CREATE TEMPORARY TABLE res (k BIGINT, c BIGINT) WITH ('connector'='blackhole');\n"
)

func scriptOf(id, sql string) resource.Deployment {
	var d resource.Deployment
	d.Metadata.ID = id
	d.Spec.Template.Spec.Artifact = resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: sql}
	d.Spec.Template.Spec.Parallelism = 2
	return d
}

func TestPlan(t *testing.T) {
	e := engine.New(engine.Config{})
	p := Planner{Engine: e}
	count := plannedSink + "INSERT INTO res SELECT k, COUNT(*) FROM n GROUP BY k"
	sum := plannedSink + "INSERT INTO res SELECT k, SUM(id) FROM n GROUP BY k"

	// A savepoint of the counting script.
	plan, err := e.CompileIn([]string{strings.Replace(catalogTable, "'number-of-rows'='100'", "'rows-per-second'='1000'", 1)}, count, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.New()
	config := map[string]string{}
	maps.Copy(config, plan.Config)
	j, err := e.Start(t.Context(), engine.JobSpec{ID: hex.EncodeToString(id[:]), Graph: plan.Graph, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	for v := j.Info().Vertices; len(v) < 2 || len(v[1].Subtasks) == 0 || v[1].Subtasks[0].RecordsIn == 0; v = j.Info().Vertices {
		if err := t.Context().Err(); err != nil || j.Info().State == engine.Failed {
			t.Fatal(j.Info().Failures, err)
		}
		runtime.Gosched() // until there is something to save
	}
	path, err := j.Savepoint(t.Context(), engine.SavepointRequest{Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	var saved resource.Savepoint
	saved.Metadata.ID, saved.Spec.SavepointLocation = "s1", path
	gone := saved
	gone.Spec.SavepointLocation = "file:/nowhere/at/all"

	for _, tt := range []struct {
		name          string
		current, next resource.Deployment
		savepoint     resource.Savepoint
		want          string // fates of the aggregation
		wantWarning   string
		wantErr       string
	}{
		{name: "a new script", next: scriptOf("", count)},
		{name: "kept", current: scriptOf("d", count), next: scriptOf("d", strings.Replace(count, "k, COUNT(*)", "k + 1, COUNT(*)", 1)), savepoint: saved, want: "KEPT"},
		{name: "lost", current: scriptOf("d", count), next: scriptOf("d", sum), savepoint: saved, want: "LOST NEW"},
		{name: "without a savepoint", current: scriptOf("d", count), next: scriptOf("d", sum), want: "LOST NEW"},
		{name: "the savepoint is not there", current: scriptOf("d", count), next: scriptOf("d", sum), savepoint: gone, wantWarning: "could not start from savepoint s1"},
		{name: "the current script is broken", current: scriptOf("d", "SELEC"), next: scriptOf("d", sum), wantWarning: "does not compile"},
		{name: "the wanted script is broken", current: scriptOf("d", count), next: scriptOf("d", plannedSink+"INSERT INTO res SELECT nope, 1 FROM n"), wantErr: scriptField + ": line 2, column 24: Column 'nope' not found"},
		{name: "the wanted script is nothing", next: scriptOf("d", "  "), wantErr: scriptField},
	} {
		t.Run(tt.name, func(t *testing.T) {
			operators, warnings, err := p.Plan(t.Context(), rest.PlanRequest{Namespace: "default", Current: tt.current, Wanted: tt.next, Savepoint: tt.savepoint, Catalog: []string{catalogTable}})
			if tt.wantErr != "" {
				var invalid *resource.InvalidError
				if !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), tt.wantErr) {
					t.Fatalf("%v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var fates []string
			for _, o := range operators {
				if o.Name == "GroupAggregate" {
					fates = append(fates, string(o.State))
				}
				if o.State == resource.StateLost && !strings.Contains(o.Reason, "COUNT(*)") {
					t.Errorf("%+v does not say what is lost", o)
				}
				if o.Fingerprint == "" {
					t.Errorf("%+v has no fingerprint", o)
				}
			}
			if got := strings.Join(fates, " "); got != tt.want {
				t.Errorf("fates %q, want %q: %+v", got, tt.want, operators)
			}
			if got := strings.Join(warnings, "\n"); !strings.Contains(got, tt.wantWarning) || (got == "") != (tt.wantWarning == "") {
				t.Errorf("warnings %q, want %q", got, tt.wantWarning)
			}
		})
	}
}
