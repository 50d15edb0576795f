package engine

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/runtime"
)

// StateVerdict is what becomes of the state of one operator.
type StateVerdict = checkpoint.Verdict

// The fates of state.
const (
	StateKept     = checkpoint.Kept
	StateMigrated = checkpoint.Migrated
	StateNew      = checkpoint.New
	StateLost     = checkpoint.Lost
)

// CompareSavepoint tells what becomes of the state in a savepoint or checkpoint
// if a job with this graph and configuration starts from it: by the rule of the
// start itself. The error says why it could not start at all.
func (e *Engine) CompareSavepoint(path string, g *graph.Graph, config map[string]string) ([]StateVerdict, error) {
	settings, err := settingsOf(config)
	if err != nil {
		return nil, err
	}
	m, err := checkpoint.OpenIn(path, settings.checkpoint.Storage)
	if err != nil {
		return nil, err
	}
	if settings.maxParallelism != 0 && settings.maxParallelism != m.MaxParallelism() {
		return nil, fmt.Errorf("the state has max parallelism %d, pipeline.max-parallelism is %d; it cannot be changed", m.MaxParallelism(), settings.maxParallelism)
	}
	if settings.parallelism > m.MaxParallelism() {
		return nil, fmt.Errorf("the state has max parallelism %d, so the parallelism cannot be %d", m.MaxParallelism(), settings.parallelism)
	}
	wants, err := e.wants(g)
	if err != nil {
		return nil, err
	}
	return checkpoint.Compare(m.Operators(), wants), nil
}

// CompareGraphs tells what would become of the state of a job with one graph
// in a job with another. How much there is is not known.
func (e *Engine) CompareGraphs(from, to *graph.Graph) ([]StateVerdict, error) {
	before, err := e.wants(from)
	if err != nil {
		return nil, err
	}
	wants, err := e.wants(to)
	if err != nil {
		return nil, err
	}
	var have []checkpoint.Operator
	for _, w := range before {
		if !w.Stateful {
			continue
		}
		op := checkpoint.Operator{UID: w.UID, Name: w.Name, Items: 1}
		for _, k := range w.Keyed {
			k.Rows = 1
			op.Keyed = append(op.Keyed, k)
		}
		have = append(have, op)
	}
	verdicts := checkpoint.Compare(have, wants)
	for i := range verdicts {
		verdicts[i].Rows, verdicts[i].Items = 0, 0
	}
	return verdicts, nil
}

func (e *Engine) wants(g *graph.Graph) ([]checkpoint.Want, error) {
	functionsOnly := graph.Graph{Functions: slices.Clone(g.Functions)}
	for i := range functionsOnly.Functions {
		functionsOnly.Functions[i].SHA256 = "" // the state does not depend on the module
	}
	functions, release, err := e.usersOf(&functionsOnly)
	if err != nil {
		return nil, err
	}
	defer release()
	s := runtime.Spec{Graph: g, Build: &builder{engine: e, functions: functions}}
	return s.Wants()
}
