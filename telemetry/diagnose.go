package telemetry

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// evidence is all that rules may look at.
type evidence struct {
	now        time.Time
	deployment resource.Deployment
	job        resource.Job  // the newest one; without id: none
	every      time.Duration // how often the job is looked at
	looks      []*look       // of the job, the newest last
	first      *look         // the first at which it ran; nil: none yet
	// unreachable is why the newest looks failed, since unreachableSince; empty:
	// they did not.
	unreachable      string
	unreachableSince time.Time
	stateSizes       []float64 // in steps of some minutes, the newest last
}

// rule is one question that is asked of every deployment.
type rule struct {
	name, title string
	running     bool // it needs a running job that was looked at
	ask         func(e *evidence) answer
}

// answer is what a rule says: findings, or that all is well, or why it cannot tell.
type answer struct {
	findings []resource.Finding
	note     string
	unknown  bool
}

func fine(note string) answer    { return answer{note: note} }
func unknown(note string) answer { return answer{note: note, unknown: true} }

func found(f resource.Finding) answer { return answer{findings: []resource.Finding{f}} }

// rules in the order in which a person would ask.
var rules = []rule{
	{"not-running", "The job runs", false, askRunning},
	{"unreachable", "Its cluster answers", false, askReachable},
	{"sink-refuses", "Its sinks take what it gives", false, askSinks},
	{"restart-loop", "It does not restart again and again", false, askRestarts},
	{"no-input", "Its sources give records", true, askInput},
	{"records-skipped", "Its sources can read what they get", true, askCorrupt},
	{"idle-partition", "Event time advances in every partition", true, askWatermark},
	{"filter-drops-all", "Filters let something through", true, askFilter},
	{"join-side-empty", "Both sides of joins have records", true, askJoin},
	{"window-open", "Windows close", true, askWindow},
	{"late-records", "Records are in time for their windows", true, askLate},
	{"back-pressure", "No operator holds up the others", true, askPressure},
	{"skew", "Tasks share the work", true, askSkew},
	{"checkpoints-failing", "Checkpoints complete", true, askCheckpoints},
	{"state-growing", "State stays within bounds", true, askGrowth},
}

func severity(s resource.Severity) int {
	return slices.Index([]resource.Severity{resource.SeverityCritical, resource.SeverityWarning, resource.SeverityInfo}, s)
}

// diagnose asks all rules. It looks at nothing but the evidence.
func diagnose(e evidence) resource.Diagnosis {
	d := resource.Diagnosis{
		Kind: resource.KindDiagnosis, At: e.now.UnixMilli(), JobID: e.job.Metadata.ID,
		Findings: []resource.Finding{}, Checked: []resource.CheckedRule{},
	}
	for _, r := range rules {
		c := resource.CheckedRule{Rule: r.name, Title: r.title}
		var a answer
		switch {
		case r.running && e.newest() == nil:
			a = unknown("the job has not been measured yet")
			if e.deployment.Status.State != resource.StateRunning {
				a = unknown("no job runs")
			}
		case r.running && e.newest().state != flink.JobRunning:
			a = unknown("the job is " + string(e.newest().state))
		default:
			a = r.ask(&e)
		}
		c.Note = a.note
		switch {
		case len(a.findings) > 0:
			c.Verdict = resource.VerdictFinding
			for _, f := range a.findings {
				f.Rule = r.name
				if f.Evidence == nil {
					f.Evidence = []resource.Evidence{}
				}
				d.Findings = append(d.Findings, f)
			}
		case a.unknown:
			c.Verdict = resource.VerdictUnknown
		default:
			c.Verdict = resource.VerdictOK
		}
		d.Checked = append(d.Checked, c)
	}
	slices.SortStableFunc(d.Findings, func(a, b resource.Finding) int { return cmp.Compare(severity(a.Severity), severity(b.Severity)) })
	d.Summary = summarize(&e, d.Findings)
	return d
}

// summarize says the most important in a sentence.
func summarize(e *evidence, findings []resource.Finding) string {
	if len(findings) > 0 {
		s := findings[0].Title
		if more := len(findings) - 1; more == 1 {
			s += "; and one more finding"
		} else if more > 1 {
			s += fmt.Sprintf("; and %d more findings", more)
		}
		return s + "."
	}
	l := e.newest()
	if l == nil {
		return "Nothing is wrong that could be seen without measurements of the job."
	}
	s := l.summary()
	return fmt.Sprintf("Nothing is wrong: the job reads %s and gives %s records a second.", quantity(s.RecordsIn), quantity(s.RecordsOut))
}

// newest is the look that says how the job does now; nil: there is none.
func (e *evidence) newest() *look {
	if len(e.looks) == 0 {
		return nil
	}
	return e.looks[len(e.looks)-1]
}

// ago is the oldest look that is at most d old and of the same run of the job's
// tasks as the newest; nil if that is not at least half of d ago.
func (e *evidence) ago(d time.Duration) *look {
	now := e.newest()
	for _, l := range e.looks {
		if now.at.Sub(l.at) <= d && l.restarts == now.restarts && l.state == flink.JobRunning {
			if now.at.Sub(l.at) < d/2 {
				return nil
			}
			return l
		}
	}
	return nil
}

// same finds an operator in another look.
func (l *look) same(o *operator) *operator {
	for i := range l.operators {
		if l.operators[i].id == o.id {
			return &l.operators[i]
		}
	}
	return nil
}

// runs is how long the tasks of the job have run, as far as they were seen to.
func (e *evidence) runs() time.Duration {
	now := e.newest()
	since := now.at
	for _, l := range slices.Backward(e.looks) {
		if l.restarts != now.restarts || l.state != flink.JobRunning {
			return now.at.Sub(since)
		}
		since = l.at
	}
	if e.first != nil && e.first.restarts == now.restarts {
		since = e.first.at
		if e.first.started.After(time.Time{}) && now.restarts == 0 {
			since = e.first.started
		}
	}
	return now.at.Sub(since)
}

func quantity(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.1f G", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.1f M", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func bytes(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return fmt.Sprintf("%.4g %s", v, units[i])
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// moment is a watermark, or another time of events, in words.
func moment(ms float64) string {
	if !told(ms) {
		return "none yet"
	}
	return time.UnixMilli(int64(ms)).UTC().Format("2006-01-02 15:04:05.000 UTC")
}

// span is a length of time in words.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// facts makes evidence of pairs.
func facts(pairs ...string) []resource.Evidence {
	var out []resource.Evidence
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, resource.Evidence{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// upstream tells whether a comes before b.
func (l *look) upstream(a, b string) bool {
	seen := map[string]bool{}
	var reach func(id string) bool
	reach = func(id string) bool {
		if id == a {
			return true
		}
		if seen[id] {
			return false
		}
		seen[id] = true
		for i := range l.operators {
			if l.operators[i].id == id {
				return slices.ContainsFunc(l.operators[i].inputs, reach)
			}
		}
		return false
	}
	return a != b && reach(b)
}

// brief is the beginning of a name, which may have a whole query in it.
func brief(name string) string {
	if r := []rune(name); len(r) > 80 {
		name = string(r[:77]) + "…"
	}
	return name
}

// plain is the description of a vertex in a plan, which is HTML, as text.
func plain(description string) string {
	for _, p := range [][2]string{{"<br/>", "; "}, {"&gt;", ">"}, {"&lt;", "<"}, {"&#39;", "'"}, {"&#34;", `"`}, {"&quot;", `"`}, {"&amp;", "&"}} {
		description = strings.ReplaceAll(description, p[0], p[1])
	}
	return strings.TrimSuffix(strings.TrimSpace(description), ";")
}
