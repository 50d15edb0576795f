package arch

import (
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

func TestNeverRules(t *testing.T) {
	packages, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 10 {
		t.Fatalf("only %d packages found: the check looks in the wrong place", len(packages))
	}
	for _, b := range Check(packages) {
		t.Error(b)
	}
}

func TestPlantedViolationsAreFound(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"engine/runtime", "resource", "engine is a library"},
		{"engine/sql/bind", "engine/state", "sql and runtime meet"},
		{"engine/checkpoint", "engine/sql/ast", "sql and runtime meet"},
		{"engine/sql/physical", "engine/accumulator", "sql and runtime meet"},
		{"resource", "flink", "nouns stand alone"},
		{"flink", "resource", "nouns stand alone"},
		{"server/rest", "store", "server declares"},
		{"control/job", "cluster/process", "controllers see contracts"},
		{"control/job", "control/savepoint", "siblings"},
		{"engine/connector/print", "engine/connector/datagen", "siblings"},
		{"cluster/process", "store", "launchers keep no state"},
		{"control/job", "engine", "few doors"},
		{"server/rest", "engine/data", "few doors"},
		{"telemetry", "control", "telemetry only looks"},
		{"client", "server", "the client is a client"},
		{"server", "cmd/weir", "nothing imports cmd"},
		{"flink", "flink/flinktest", "test packages"},
		{"server", "k8s.io/client-go", "one room"},
		{"control", "modernc.org/sqlite", "one room"},
		{"engine/operator/window", "os", "pure rooms"},
	} {
		broken := Check([]Package{{Path: tt.from, Imports: []string{tt.to}, Docs: 1}})
		if !strings.Contains(strings.Join(broken, "\n"), tt.want) {
			t.Errorf("%s imports %s: not found; got %q", tt.from, tt.to, broken)
		}
	}
	for _, tt := range []struct {
		room, source string
		want         bool
	}{
		{"control/job/decide.go", `import "time"; var t = time.Now()`, true},
		{"control/job/decide_end.go", `import clock "time"; func f() { now := clock.Now; _ = now }`, true},
		{"control/job/act.go", `import "time"; var t = time.Now()`, false},
		{"control/job/decide.go", `import "time"; var d = 3 * time.Second; func f(now time.Time) bool { return now.After(now) }`, false},
		{"engine/operator/window/window.go", `import "log/slog"; func f() { slog.Info("x") }`, true},
		{"engine/operator/operator.go", `import "log/slog"; type C struct { Log *slog.Logger }`, false},
		{"resource/time.go", `import "os"; var home = os.Getenv("HOME")`, true},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), tt.room, "package p; "+tt.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		p := Package{Path: path.Dir(tt.room), Docs: 1, Calls: calls(path.Base(tt.room), file)}
		if got := len(Check([]Package{p})) > 0; got != tt.want {
			t.Errorf("%s: %s: found %v, want %v", tt.room, tt.source, got, tt.want)
		}
	}
	if b := Check([]Package{{Path: "engine/util", Docs: 1}}); len(b) == 0 {
		t.Error("a package called util was not found")
	}
	if b := Check([]Package{{Path: "engine/data", Docs: 2}}); len(b) == 0 {
		t.Error("two package comments were not found")
	}
	if b := Check([]Package{{Path: "control/job", Imports: []string{"cluster", "flink", "resource"}, Docs: 1}}); len(b) != 0 {
		t.Errorf("allowed imports were refused: %q", b)
	}
}
