package telemetry

import (
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
)

func TestWindowKeepsADayAndHalfAnHour(t *testing.T) {
	w := newWindow()
	begin := noon.Add(-30 * time.Hour)
	w.began(resource.MetricMark{At: begin.UnixMilli(), Generation: 1, JobID: "one"})
	var before *look
	for at := begin; at.Before(noon); at = at.Add(5 * time.Second) {
		l := past(nil, vertex("s", "Source: orders"), vertex("k", "Sink: out", "s"))[0]
		l.at, l.cpuTime = at, float64(at.Sub(begin).Nanoseconds())/2
		w.add(l, before)
		before = l
	}
	if n := len(w.fine.times); n != fineKept {
		t.Errorf("%d fine values, want %d", n, fineKept)
	}
	if n := len(w.coarse.times); n != coarseKept {
		t.Errorf("%d coarse values, want %d", n, coarseKept)
	}
	m := w.metrics(noon.Add(-48*time.Hour), noon, 300, 5*time.Second)
	var in, cpu *resource.MetricSeries
	for i, s := range m.Series {
		if s.Operator == "" && s.Name == "recordsIn" {
			in = &m.Series[i]
		}
		if s.Name == "cpu" {
			cpu = &m.Series[i]
		}
	}
	if in == nil || cpu == nil {
		t.Fatal("recordsIn or cpu of the job is missing")
	}
	if n := len(in.Points); n < 145 || n > 155 { // a day of the two
		t.Errorf("%d points for half of the span, want about 150", n)
	}
	for _, p := range in.Points {
		if p[1] == nil || *p[1] != 100 {
			t.Fatalf("a gap or another value at %v", *p[0])
		}
	}
	if v := cpu.Points[len(cpu.Points)-1][1]; v == nil || *v < .49 || *v > .51 {
		t.Errorf("cpu %v, want half a core", v)
	}
	if len(m.Marks) != 1 || m.Marks[0].JobID != "one" {
		t.Errorf("marks %+v", m.Marks)
	}
	if got := w.metrics(noon.Add(-10*time.Minute), noon, 2000, 5*time.Second); got.Step != 5000 || len(got.Series[0].Points) != 120 {
		t.Errorf("the last ten minutes: a step of %d ms and %d points, want 5000 and 120", got.Step, len(got.Series[0].Points))
	}
	if got := w.fine.newest(0, 60); len(got) != 60 || got[59] != 100 {
		t.Errorf("the newest values are %v", got)
	}
}

func TestAnotherJobHasItsOwnOperators(t *testing.T) {
	w := newWindow()
	for i, id := range []string{"old", "new"} {
		w.began(resource.MetricMark{At: noon.Add(time.Duration(i) * time.Minute).UnixMilli(), JobID: id})
		l := past(nil, vertex(id, "Source: orders"))[0]
		l.at = noon.Add(time.Duration(i) * time.Minute)
		w.add(l, nil)
	}
	m := w.metrics(noon.Add(-time.Minute), noon.Add(2*time.Minute), 100, 5*time.Second)
	for _, s := range m.Series {
		if s.Operator == "old" {
			t.Errorf("a series of an operator that is gone: %s", s.Name)
		}
		if s.Operator == "" && s.Name == "recordsIn" && (s.Points[0][1] == nil || s.Points[len(s.Points)-1][1] == nil) {
			t.Error("the job's own series does not go over both jobs")
		}
	}
	if len(m.Marks) != 2 {
		t.Errorf("%d marks, want 2", len(m.Marks))
	}
}
