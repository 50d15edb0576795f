package runtime

import (
	"context"
	"testing"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// BenchmarkJob2x2 runs whole jobs of 10,000 batches of 2048 rows: two sources,
// scattered by key to two tasks that look at one column.
func BenchmarkJob2x2(b *testing.B) {
	for _, checkpoints := range []bool{false, true} {
		name := "plain"
		if checkpoints {
			name = "with checkpoints"
		}
		b.Run(name, func(b *testing.B) {
			const batches = 10_000
			for b.Loop() {
				w := &flood{batches: batches / 2}
				s := Spec{ID: "00", Name: "bench", Parallelism: 2, Build: w, Graph: &graph.Graph{Vertices: []graph.Vertex{
					vertex("Source", nil, "source"), vertex("Sink", edge(0, graph.Hash, 0), "eat"),
				}}}
				if checkpoints {
					s.Checkpoint = frequent(b.TempDir())
				}
				j, err := Start(b.Context(), s)
				if err != nil {
					b.Fatal(err)
				}
				if err := j.Wait(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(batches*data.BatchSize), "ns/row")
		})
	}
}

type flood struct{ batches int }

func (f *flood) Build(op *graph.Op, _ Place) (operator.Operator, connector.Source, error) {
	if op.Name == "source" {
		return nil, &floodSource{left: f.batches}, nil
	}
	return &eat{}, nil, nil
}

type floodSource struct {
	left int
	next int64
}

func (s *floodSource) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	if s.left == 0 {
		return connector.Ended, nil
	}
	s.left--
	for _, c := range b.Cols {
		c.Resize(data.BatchSize)
		for i := range c.I64 {
			c.I64[i] = s.next + int64(i)
		}
	}
	s.next += data.BatchSize
	b.N = data.BatchSize
	return connector.More, nil
}

func (s *floodSource) Restore([]connector.Split) error { return nil }
func (s *floodSource) Splits() []connector.Split       { return nil }
func (s *floodSource) Close() error                    { return nil }

type eat struct{ sum int64 }

func (e *eat) Open(*operator.Context) error { return nil }
func (e *eat) Process(_ int, b *data.Batch, _ operator.Output) error {
	c := b.Cols[2].I64
	for _, r := range b.Sel {
		e.sum += c[r]
	}
	b.Release()
	return nil
}
func (e *eat) Watermark(int64, operator.Output) error { return nil }
func (e *eat) Close() error                           { return nil }
