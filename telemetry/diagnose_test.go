package telemetry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// vertex makes an operator that is well: records go through, time advances.
func vertex(id, name string, inputs ...string) operator {
	return operator{
		id: id, name: name, status: "RUNNING", inputs: inputs, parallelism: 1, recordsIn: 5000, recordsOut: 5000, inRate: 100, outRate: 100,
		busy: .1, busiest: .1, idle: .9, watermark: 1e12, ahead: 1e12, state: math.NaN(), keys: math.NaN(), pending: math.NaN(),
	}
}

// past makes looks at a job over two minutes, five seconds apart; change makes
// the look at a step, from 0, what it is.
func past(change func(step int, l *look), operators ...operator) []*look {
	var looks []*look
	for step := range 25 {
		l := &look{at: noon.Add(time.Duration(step-24) * 5 * time.Second), started: noon.Add(-time.Hour), state: flink.JobRunning, memory: 1e6, cpuTime: math.NaN()}
		for _, o := range operators {
			o.feeds = !strings.Contains(o.name, "Sink")
			o.recordsIn += float64(500 * step)
			o.recordsOut += float64(500 * step)
			o.watermark += float64(5000 * step)
			o.ahead += float64(5000 * step)
			l.operators = append(l.operators, o)
		}
		l.pictures.known = true
		if change != nil {
			change(step, l)
		}
		looks = append(looks, l)
	}
	return looks
}

func running(looks []*look) evidence {
	e := evidence{now: noon, every: 5 * time.Second, looks: looks}
	if len(looks) > 0 {
		e.first = looks[0]
	}
	e.deployment.Status.State, e.deployment.Spec.State = resource.StateRunning, resource.StateRunning
	e.job.Metadata.ID = "a-job"
	return e
}

func TestEachCauseIsFound(t *testing.T) {
	source := vertex("s", "Source: orders")
	assigner := vertex("a", "WatermarkAssigner -> Calc", "s")
	sink := vertex("k", "Sink: out", "s")
	for _, tt := range []struct {
		name     string
		evidence func() evidence
		rule     string
		severity resource.Severity
		operator string
		says     string
	}{
		{"a partition without records", func() evidence {
			return running(past(func(step int, l *look) {
				l.operators[1].watermark, l.operators[1].ahead = 1e12, 1e12
				l.operators[1].splits = []split{{"orders-1", 1e12 + float64(step)*5000}, {"orders-7", 1e12}}
			}, source, assigner))
		}, "idle-partition", resource.SeverityCritical, "a", "orders-7"},
		{"a partition that never had a record", func() evidence {
			return running(past(func(step int, l *look) {
				l.operators[1].watermark, l.operators[1].ahead = math.MinInt64, math.MinInt64
				l.operators[1].splits = []split{{"orders-1", 1e12 + float64(step)*5000}, {"orders-7", math.MinInt64}}
			}, source, assigner))
		}, "idle-partition", resource.SeverityCritical, "a", "orders-7"},
		{"a task that stands still", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[1].watermark, l.operators[1].parallelism = 1e12-5, 3 }, source, assigner))
		}, "idle-partition", resource.SeverityCritical, "a", "One task of WatermarkAssigner"},
		{"a filter that drops all", func() evidence {
			return running(past(func(_ int, l *look) {
				l.operators[1].links = []link{{"WatermarkAssigner", 6000, 6000}, {"Calc", 6000, 0}}
			}, source, assigner))
		}, "filter-drops-all", resource.SeverityCritical, "a", "lets nothing through"},
		{"an empty side", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[2].recordsOut, l.operators[3].recordsOut = 0, 0 },
				source, vertex("c", "Source: customers"), vertex("g", "GroupAggregate", "c"), vertex("j", "Join -> Sink: out", "s", "g")))
		}, "join-side-empty", resource.SeverityCritical, "j", "GroupAggregate none"},
		{"a join without pairs", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[2].links = []link{{"Join", 8000, 0}} },
				source, vertex("c", "Source: customers"), vertex("j", "Join -> Sink: out", "s", "c")))
		}, "join-side-empty", resource.SeverityWarning, "j", "no pairs"},
		{"a sink that refuses", func() evidence {
			return running(past(func(_ int, l *look) {
				l.failures = []failure{{noon.Add(-time.Minute), "Sink: out: write to table out: connection refused", "Sink: out (1/1)"}}
			}, source, sink))
		}, "sink-refuses", resource.SeverityCritical, "k", "connection refused"},
		{"a node that is silent", func() evidence {
			e := running(past(nil, source, sink))
			e.deployment.Status.Running.Conditions = []resource.Condition{{Type: "ClusterThreatened", Status: "True", Message: "node n1 does not answer"}}
			return e
		}, "unreachable", resource.SeverityWarning, "", "node n1 does not answer"},
		{"a restart loop", func() evidence {
			return running(past(func(_ int, l *look) {
				for i := range 4 {
					l.failures = append(l.failures, failure{noon.Add(-time.Duration(i) * time.Minute), "division by zero", "Source: orders (1/1)"})
				}
			}, source, sink))
		}, "restart-loop", resource.SeverityCritical, "s", "4 failures"},
		{"a window that is open", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[1].links = []link{{"WindowAggregate", 6000, 0}} },
				source, vertex("w", "WindowAggregate -> Sink: out", "s")))
		}, "window-open", resource.SeverityInfo, "w", "passes its end"},
		{"a window that cannot close", func() evidence {
			return running(past(func(_ int, l *look) {
				l.operators[1].links = []link{{"WindowAggregate", 6000, 0}}
				l.operators[1].watermark, l.operators[1].ahead = 1e12, 1e12
			}, source, vertex("w", "WindowAggregate -> Sink: out", "s")))
		}, "window-open", resource.SeverityWarning, "w", "stands still"},
		{"late records", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[1].late = 300 }, source, vertex("w", "WindowAggregate -> Sink: out", "s")))
		}, "late-records", resource.SeverityWarning, "w", "too late"},
		{"back-pressure", func() evidence {
			return running(past(func(_ int, l *look) {
				l.operators[0].held, l.operators[1].busy, l.operators[1].busiest = .9, .98, .99
			}, source, sink))
		}, "back-pressure", resource.SeverityWarning, "k", "Sink: out holds up the others"},
		{"skew", func() evidence {
			return running(past(func(_ int, l *look) {
				l.operators[1].parallelism, l.operators[1].busy, l.operators[1].busiest = 4, .3, .99
			}, source, sink))
		}, "skew", resource.SeverityWarning, "k", "most of the work"},
		{"no input", func() evidence {
			return running(past(func(_ int, l *look) {
				l.operators[0].recordsIn, l.operators[0].recordsOut, l.operators[0].inRate, l.operators[0].outRate = 0, 0, 0, 0
			}, source, sink))
		}, "no-input", resource.SeverityCritical, "s", "not given a single record"},
		{"records that cannot be read", func() evidence {
			return running(past(func(_ int, l *look) { l.operators[0].corrupt = 12 }, source, sink))
		}, "records-skipped", resource.SeverityWarning, "s", "12 records"},
		{"checkpoints that fail", func() evidence {
			return running(past(func(_ int, l *look) { l.pictures.failedSince, l.pictures.failure = 3, "no space left on device" }, source, sink))
		}, "checkpoints-failing", resource.SeverityCritical, "", "no space left"},
		{"state without end", func() evidence {
			e := running(past(nil, source, sink))
			for i := range 20 {
				e.stateSizes = append(e.stateSizes, float64(i+1)*(100<<20))
			}
			return e
		}, "state-growing", resource.SeverityWarning, "", "1.953 GiB"},
		{"a failed deployment", func() evidence {
			e := running(nil)
			e.deployment.Status.State = resource.StateFailed
			e.job.Status.Failure.Message = "table orders does not exist"
			return e
		}, "not-running", resource.SeverityCritical, "", "does not exist"},
		{"a suspended one", func() evidence {
			e := running(nil)
			e.deployment.Status.State, e.deployment.Spec.State = resource.StateSuspended, resource.StateSuspended
			return e
		}, "not-running", resource.SeverityInfo, "", "as wanted"},
		{"a cluster that does not answer", func() evidence {
			e := running(past(nil, source, sink))
			e.unreachable, e.unreachableSince = "connection refused", noon.Add(-time.Minute)
			return e
		}, "unreachable", resource.SeverityWarning, "", "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := diagnose(tt.evidence())
			if len(d.Findings) == 0 {
				t.Fatal("nothing was found")
			}
			f := d.Findings[0]
			if f.Rule != tt.rule || f.Severity != tt.severity || f.Operator != tt.operator || !strings.Contains(f.Title+f.Explanation, tt.says) {
				t.Errorf("found %+v", f)
			}
			if len(d.Findings) > 1 && (tt.rule != "sink-refuses" || len(d.Findings) > 2) { // which restarts the job, too
				t.Errorf("and also %+v", d.Findings[1:])
			}
			if len(d.Checked) != len(rules) {
				t.Errorf("%d rules were asked, want %d", len(d.Checked), len(rules))
			}
			if !strings.HasPrefix(d.Summary, f.Title) {
				t.Errorf("the summary is %q", d.Summary)
			}
		})
	}
}

func TestAHealthyJobHasNoFindings(t *testing.T) {
	d := diagnose(running(past(nil, vertex("s", "Source: orders"), vertex("a", "WatermarkAssigner -> Calc", "s"), vertex("k", "Sink: out", "a"))))
	if len(d.Findings) != 0 {
		t.Errorf("found %+v", d.Findings)
	}
	if !strings.Contains(d.Summary, "reads 100 and gives 100 records") {
		t.Errorf("the summary is %q", d.Summary)
	}
}

// A job that was scaled has tasks without splits, and tables that were read
// before it was restored.
func TestARestoredJobIsNotSuspected(t *testing.T) {
	e := running(past(func(_ int, l *look) {
		read := &l.operators[1]
		read.recordsIn, read.recordsOut, read.inRate, read.outRate, read.watermark, read.ahead = 0, 0, 0, 0, math.MaxInt64, math.MaxInt64
		l.operators[0].parallelism, l.operators[0].watermark = 2, math.MinInt64 // of the task without a split
	}, vertex("s", "Source: orders -> WatermarkAssigner"), vertex("c", "Source: customers"), vertex("j", "Join -> Sink: out", "s", "c")))
	e.job.Spec.SavepointLocation = "file:///savepoints/1"
	if d := diagnose(e); len(d.Findings) != 0 {
		t.Errorf("found %+v", d.Findings)
	}
}

func TestNothingIsSaidOfAJobThatHasJustBegun(t *testing.T) {
	looks := past(func(_ int, l *look) {
		l.started = l.at
		l.operators[0].recordsIn, l.operators[0].recordsOut, l.operators[0].inRate, l.operators[0].outRate = 0, 0, 0, 0
	}, vertex("s", "Source: orders"), vertex("k", "Sink: out", "s"))[24:]
	if d := diagnose(running(looks)); len(d.Findings) != 0 {
		t.Errorf("found %+v", d.Findings)
	}
	for _, c := range diagnose(running(nil)).Checked {
		if c.Verdict == resource.VerdictFinding {
			t.Errorf("without a look, %q found something", c.Rule)
		}
	}
}
