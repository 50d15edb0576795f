package enginetest_test

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/enginetest"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	udftest.Remove()
	os.Exit(code)
}

// What each operator must have been run with, four ways, by the scripts.
var (
	anything = []enginetest.Feature{enginetest.Inserts, enginetest.Retractions, enginetest.Nulls}
	inTime   = []enginetest.Feature{enginetest.Inserts, enginetest.Nulls, enginetest.Late}
	all      = []enginetest.Feature{enginetest.Inserts, enginetest.Retractions, enginetest.Nulls, enginetest.Late}
	rows     = []enginetest.Feature{enginetest.Inserts, enginetest.Nulls}
)

// required lists the operators in their variants. An operator of graph.Op that
// is not here, in any variant, fails the test. What is late for a join by time
// depends on how far the other input is, which no run repeats; ORDER BY by time
// and LIMIT take inserts only.
var required = map[string][]enginetest.Feature{
	"source":                     all,
	"watermark":                  inTime,
	"calc":                       all,
	"union":                      anything,
	"windowAssign TUMBLE":        inTime,
	"windowAssign HOP":           inTime,
	"windowAssign SESSION":       inTime,
	"windowAssign CUMULATE":      inTime,
	"groupAggregate":             anything,
	"groupAggregate of all rows": anything,
	"windowAggregate TUMBLE":     all,
	"windowAggregate HOP":        inTime,
	"windowAggregate CUMULATE":   inTime,
	"windowAggregate SESSION":    all,
	"join INNER":                 anything,
	"join LEFT":                  anything,
	"join RIGHT":                 anything,
	"join FULL":                  anything,
	"join SEMI":                  anything,
	"join ANTI":                  anything,
	"multiJoin":                  rows,
	"intervalJoin INNER":         rows,
	"intervalJoin LEFT":          rows,
	"intervalJoin RIGHT":         rows,
	"intervalJoin FULL":          rows,
	"temporal INNER":             rows,
	"temporal LEFT":              rows,
	"lookupJoin INNER":           anything,
	"lookupJoin LEFT":            anything,
	"topN":                       anything,
	"topN with numbers":          anything,
	"topN that keeps one row":    rows,
	"topN whose rows only rise":  {enginetest.Inserts, enginetest.Retractions, enginetest.Nulls},
	"topN of windows":            inTime,
	"sort":                       inTime,
	"limit":                      rows,
	"leaders":                    inTime,
	"over":                       inTime,
	"over rows":                  inTime,
	"over in any order":          anything,
	"unnest":                     anything,
	"match":                      inTime,
	"windowJoin":                 {enginetest.Inserts},
	"final":                      {enginetest.Inserts},
	"changelog":                  {enginetest.Inserts, enginetest.Retractions, enginetest.Nulls},
	"normalize":                  {enginetest.Inserts, enginetest.Nulls},
	"sink":                       all,
}

// aging are operators that take table.exec.state.ttl: each is run with one as well.
var aging = []string{
	"groupAggregate", "groupAggregate of all rows", "join INNER", "join LEFT", "join RIGHT", "join FULL", "join SEMI", "join ANTI",
	"topN", "topN with numbers", "topN that keeps one row", "topN whose rows only rise", "over in any order", "normalize",
}

// reasons say why an operator need not be run with a feature, by the beginning of
// its name; the first that fits is it.
var reasons = map[enginetest.Feature][]struct{ operator, why string }{
	enginetest.Retractions: {
		{"watermark", "watermarks of updates are those of their rows, as of inserts"},
		{"window", "inserts only, or rows one by one"},
		{"multiJoin", "inserts only"},
		{"intervalJoin", "inserts only"},
		{"temporal", "what is joined is inserts; the versions are changes of a key"},
		{"topN", "of inserts; with updates it is another variant"},
		{"sort", "inserts only"},
		{"limit", "inserts only; of updates it is a topN"},
		{"leaders", "inserts only"},
		{"over", "of a time: inserts; of updates in any order"},
		{"match", "inserts only"},
		{"final", "taken together, whatever they are"},
		{"normalize", "its input is upserts"},
	},
	enginetest.Nulls: {{"windowJoin", "its keys are compared as those of a join"}, {"final", "does not look into values"}},
	enginetest.Late: {
		{"union", "waits for no time"},
		{"groupAggregate", "waits for no time"},
		{"join", "waits for no time"},
		{"multiJoin", "waits for no time"},
		{"lookupJoin", "waits for no time"},
		{"topN", "waits for no time"},
		{"limit", "waits for no time"},
		{"over in any order", "waits for no time"},
		{"unnest", "waits for no time"},
		{"final", "waits for the end"},
		{"changelog", "waits for no time"},
		{"normalize", "waits for no time"},
		{"intervalJoin", "what is late depends on how far the other input is, which no run repeats"},
		{"temporal", "as for intervalJoin"},
		{"windowJoin", "as for intervalJoin"},
	},
	enginetest.Lifetime: {
		{"source", "keeps positions"},
		{"watermark", "keeps a time"},
		{"calc", "keeps nothing"},
		{"union", "keeps nothing"},
		{"window", "the watermark ends what it keeps"},
		{"multiJoin", "with a lifetime joins have two inputs"},
		{"intervalJoin", "the watermark ends what it keeps"},
		{"temporal", "the watermark ends what it keeps"},
		{"lookupJoin", "its cache has its own time"},
		{"topN of windows", "the watermark ends what it keeps"},
		{"sort", "the watermark ends what it keeps"},
		{"limit", "keeps a count"},
		{"leaders", "keeps a time"},
		{"over", "the time of a frame ends what it keeps"},
		{"unnest", "keeps nothing"},
		{"match", "the watermark ends what it keeps"},
		{"final", "until the end"},
		{"changelog", "keeps nothing"},
		{"sink", "keeps nothing"},
	},
}

func reason(operator string, f enginetest.Feature) string {
	for _, r := range reasons[f] {
		if strings.HasPrefix(operator, r.operator) {
			return r.why
		}
	}
	return ""
}

// TestTable looks for fields of the table that are empty without a reason.
func TestTable(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(required)) {
		for _, f := range enginetest.Features() {
			asked := slices.Contains(required[name], f) || f == enginetest.Lifetime && slices.Contains(aging, name)
			if !asked && reason(name, f) == "" {
				t.Errorf("operator %s need not be run with %s, and no reason says why", name, f)
			}
		}
	}
}

// without are operators that have nothing to restore or to share out.
var without = []string{"values"}

func TestScripts(t *testing.T) {
	covered := enginetest.RunScripts(t, "testdata")
	if t.Failed() || !whole() {
		return
	}
	names := map[string]bool{}
	for name := range required {
		names[strings.Fields(name)[0]] = true
	}
	op := reflect.TypeFor[graph.Op]()
	for i := range op.NumField() {
		f := op.Field(i)
		name := strings.ToLower(f.Name[:1]) + f.Name[1:]
		if f.Type.Kind() == reflect.Pointer && !names[name] && !slices.Contains(without, name) {
			t.Errorf("operator %s has no line in the table of this test", name)
		}
	}
	seen := covered.Operators()
	for _, name := range slices.Sorted(maps.Keys(required)) {
		features := required[name]
		if slices.Contains(aging, name) {
			features = append(slices.Clone(features), enginetest.Lifetime)
		}
		for _, f := range features {
			if !covered.Has(name, f) {
				t.Errorf("operator %s has no script with %s", name, f)
			}
		}
		t.Logf("%-28s %v", name, seen[name])
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if required[name] == nil && !slices.Contains(without, name) {
			t.Errorf("operator %s is run, but the table of this test does not know it", name)
		}
	}
}

// whole tells whether all scripts were asked for.
func whole() bool {
	for _, a := range os.Args {
		if strings.HasPrefix(a, "-test.run=") && strings.Contains(a, "/") {
			return false
		}
	}
	return true
}
