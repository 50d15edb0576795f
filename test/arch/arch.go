// Package arch holds the never rules of docs/architecture.md as one check over
// the import graph. A rule that hurts is changed there, with a decision, not here.
package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Package is what the rules look at: paths are relative to the module.
type Package struct {
	Path    string
	Imports []string // of the code; module-relative for ours, full for others

	Docs  int    // files with a package comment
	Calls []Call // of functions of other packages
}

// Call is a call of a function of another package, such as time.Now.
type Call struct{ File, Name string }

const module = "github.com/weir-streams/weir"

// rule forbids some imports, and says why.
type rule struct {
	name, why string
	broken    func(from, to string) bool
}

func under(p string, rooms ...string) bool {
	for _, r := range rooms {
		if p == r || strings.HasPrefix(p, r+"/") {
			return true
		}
	}
	return false
}

func ours(p string) bool { return !strings.Contains(strings.SplitN(p, "/", 2)[0], ".") && !std[p] }

// siblings tells whether a and b are different folders right below room.
func siblings(a, b, room string) bool {
	if !strings.HasPrefix(a, room+"/") || !strings.HasPrefix(b, room+"/") {
		return false
	}
	x := strings.SplitN(strings.TrimPrefix(a, room+"/"), "/", 2)[0]
	y := strings.SplitN(strings.TrimPrefix(b, room+"/"), "/", 2)[0]
	return x != y
}

var rules = []rule{
	{"engine is a library", "engine/** imports nothing of ours outside engine/**", func(from, to string) bool {
		return under(from, "engine") && ours(to) && !under(to, "engine")
	}},
	{"sql and runtime meet in the graph", "engine/sql never imports runtime, operator, accumulator, state, checkpoint, nor they it", func(from, to string) bool {
		low := []string{"engine/runtime", "engine/operator", "engine/accumulator", "engine/state", "engine/checkpoint"}
		return under(from, "engine/sql") && under(to, low...) || under(from, low...) && under(to, "engine/sql")
	}},
	{"nouns stand alone", "resource, flink (the package itself), api and web import nothing of ours", func(from, to string) bool {
		return (under(from, "resource", "api", "web") || from == "flink") && ours(to)
	}},
	{"server declares what it needs", "server/** never imports control, cluster or store", func(from, to string) bool {
		return under(from, "server") && under(to, "control", "cluster", "store")
	}},
	{"controllers see contracts only", "control/** never imports server, store, engine or a launcher", func(from, to string) bool {
		return under(from, "control") && (under(to, "server", "store", "engine") || strings.HasPrefix(to, "cluster/"))
	}},
	{"siblings never import each other", "what siblings share has a name of its own above them", func(from, to string) bool {
		for _, room := range []string{"control", "cluster", "engine/connector", "engine/format", "engine/function", "engine/operator"} {
			if siblings(from, to, room) {
				return true
			}
		}
		return false
	}},
	{"launchers keep no state of ours", "cluster/** never imports store or control", func(from, to string) bool {
		return under(from, "cluster") && under(to, "store", "control")
	}},
	{"few doors to the engine", "only flink/jobmanager, cluster/embedded, server/gateway, stream and cmd import engine", func(from, to string) bool {
		return under(to, "engine") && !under(from, "engine", "flink/jobmanager", "cluster/embedded", "server/gateway", "stream", "cmd", "test")
	}},
	{"telemetry only looks", "telemetry imports resource and flink only", func(from, to string) bool {
		return under(from, "telemetry") && ours(to) && !under(to, "resource", "flink")
	}},
	{"the client is a client", "client imports resource only", func(from, to string) bool {
		return under(from, "client") && ours(to) && !under(to, "resource", "client")
	}},
	{"nothing imports cmd", "main introduces; nobody calls main", func(from, to string) bool { return under(to, "cmd") && !under(from, "cmd") }},
	{"test packages are for tests", "only tests import a …test package", func(from, to string) bool {
		return ours(to) && strings.HasSuffix(path.Base(to), "test") && !strings.HasSuffix(path.Base(from), "test") && !under(from, "test")
	}},
	{"one room for each heavy dependency", "k8s.io in cluster/kubernetes, and in operator, which mirrors resources of Kubernetes and launches nothing; franz-go in connector/kafka, SQL drivers in store and connector/jdbc", func(from, to string) bool {
		return strings.HasPrefix(to, "k8s.io/") && !under(from, "cluster/kubernetes", "operator") ||
			strings.HasPrefix(to, "github.com/twmb/franz-go") && !under(from, "engine/connector/kafka", "test") ||
			(strings.HasPrefix(to, "modernc.org/sqlite") || strings.HasPrefix(to, "github.com/jackc/pgx")) && !under(from, "store", "engine/connector/jdbc", "test")
	}},
	{"pure rooms are pure", "resource, engine/operator and engine/sql/optimize never use a clock, randomness or the environment", func(from, to string) bool {
		return under(from, "resource", "engine/operator", "engine/sql/optimize") && slices.Contains([]string{"math/rand", "math/rand/v2", "crypto/rand", "os"}, to)
	}},
}

// impure are calls that give another answer, or another effect, to the same
// question. Types and constants of these packages are welcome everywhere.
var impure = []string{
	"time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.Sleep", "time.Tick", "time.NewTimer", "time.NewTicker",
	"os.Getenv", "os.LookupEnv", "os.Environ",
	"slog.Debug", "slog.Info", "slog.Warn", "slog.Error", "slog.Log", "slog.Default", "slog.New",
}

// mustBePure tells where decisions are made and rows are worked on.
func mustBePure(p Package, file string) bool {
	return under(p.Path, "resource", "engine/operator", "engine/sql/optimize") ||
		under(p.Path, "control") && (file == "decide.go" || strings.HasPrefix(file, "decide_"))
}

var badNames = []string{"util", "utils", "common", "helper", "helpers", "types", "models", "base", "core", "manager", "misc"}

// Check returns every broken rule, as sentences.
func Check(packages []Package) []string {
	var broken []string
	for _, p := range packages {
		if slices.Contains(badNames, path.Base(p.Path)) {
			broken = append(broken, fmt.Sprintf("%s: a package called %q says nothing; name it after its noun", p.Path, path.Base(p.Path)))
		}
		if p.Docs != 1 {
			broken = append(broken, fmt.Sprintf("%s: has %d package comments, want exactly one", p.Path, p.Docs))
		}
		for _, c := range p.Calls {
			if mustBePure(p, c.File) && slices.Contains(impure, c.Name) {
				broken = append(broken, fmt.Sprintf("%s/%s calls %s: what decides is given the time and whatever else it needs to know", p.Path, c.File, c.Name))
			}
		}
		for _, to := range p.Imports {
			for _, r := range rules {
				if r.broken(p.Path, to) {
					broken = append(broken, fmt.Sprintf("%s imports %s: %s (%s)", p.Path, to, r.name, r.why))
				}
			}
		}
	}
	return broken
}
