package arch

import (
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
		{"resource", "flink", "nouns stand alone"},
		{"flink", "resource", "nouns stand alone"},
		{"server/rest", "store", "server declares"},
		{"control/job", "cluster/process", "controllers see contracts"},
		{"control/job", "control/savepoint", "siblings"},
		{"engine/connector/print", "engine/connector/datagen", "siblings"},
		{"cluster/process", "store", "launchers keep no state"},
		{"control/job", "engine", "few doors"},
		{"server/rest", "engine/data", "few doors"},
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
