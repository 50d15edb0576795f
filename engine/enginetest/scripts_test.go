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
		for _, f := range required[name] {
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
