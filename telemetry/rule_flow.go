package telemetry

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// enough is how long something must have been so before it is called a finding.
const enough = 20 * time.Second

func askInput(e *evidence) answer {
	l := e.newest()
	var out answer
	for i := range l.operators {
		o := &l.operators[i]
		if !o.source() || o.ended() {
			continue
		}
		total, _ := o.taken()
		if total == 0 {
			if e.runs() < enough {
				out.unknown, out.note = true, "the job has just begun"
				continue
			}
			out.findings = append(out.findings, resource.Finding{
				Severity: resource.SeverityCritical, Title: brief(o.name) + " has not given a single record", Operator: o.id,
				Explanation: "It is connected and has nothing to read since the job began, " + span(e.runs()) + " ago.",
				Remedy:      "Check where it reads from: the topic, path or table, and from where it starts ('scan.startup.mode': with 'latest-offset' only what is written from now on is read).",
				Evidence:    facts("records read", "0", "running for", span(e.runs())),
			})
			continue
		}
		before := e.ago(2 * time.Minute)
		if before == nil {
			continue
		}
		if b := before.same(o); b != nil {
			if was, _ := b.taken(); was == total {
				out.findings = append(out.findings, resource.Finding{
					Severity: resource.SeverityInfo, Title: brief(o.name) + " has given nothing for " + span(l.at.Sub(before.at)), Operator: o.id,
					Explanation: "All that there was is read; the job waits for more.",
					Remedy:      "If there should be more, look at what writes there.",
					Evidence:    facts("records read in all", quantity(total), "in the last "+span(l.at.Sub(before.at)), "0"),
				})
			}
		}
	}
	return out
}

// ended tells whether there will be no more records: the last watermark is out.
func (o *operator) ended() bool { return o.status == "FINISHED" || o.watermark >= 1<<60 }

func askCorrupt(e *evidence) answer {
	l := e.newest()
	var out answer
	for i := range l.operators {
		o := &l.operators[i]
		if o.corrupt == 0 {
			continue
		}
		total, _ := o.taken()
		f := resource.Finding{
			Severity: resource.SeverityWarning, Title: quantity(o.corrupt) + " records could not be read and were skipped", Operator: o.id,
			Explanation: brief(o.name) + " has a format that skips what it cannot read.",
			Remedy:      "Compare the table's columns and format with what is written; the job's log has examples.",
			Evidence:    facts("skipped", quantity(o.corrupt), "read", quantity(total)),
		}
		if total == 0 {
			f.Severity = resource.SeverityCritical
			f.Title = "No record can be read: all " + quantity(o.corrupt) + " were skipped"
		}
		out.findings = append(out.findings, f)
	}
	return out
}

// stuck tells whether an operator's watermark stood still for some time while
// records came.
func (e *evidence) stuck(o *operator) (since *look, yes bool) {
	before := e.ago(enough * 2)
	if before == nil {
		return nil, false
	}
	b := before.same(o)
	if b == nil || b.watermark != o.watermark || math.IsNaN(o.watermark) {
		return nil, false
	}
	return before, true
}

func askWatermark(e *evidence) answer {
	l := e.newest()
	if e.runs() < enough {
		return unknown("the job has just begun")
	}
	var out answer
	told := false
	for i := range l.operators {
		o := &l.operators[i]
		if f, ok := e.heldSplit(o); ok {
			out.findings = append(out.findings, f)
			continue
		}
		told = told || !math.IsNaN(o.watermark)
		if f, ok := e.heldTask(l, o); ok {
			out.findings = append(out.findings, f)
		}
	}
	// One that is held back holds back those after it: the first is the cause.
	causes := out.findings[:0]
	for _, f := range out.findings {
		if !slices.ContainsFunc(out.findings, func(g resource.Finding) bool { return l.upstream(g.Operator, f.Operator) }) {
			causes = append(causes, f)
		}
	}
	out.findings = causes
	if !told && len(out.findings) == 0 {
		return unknown("the job has no watermarks")
	}
	return out
}

// heldSplit finds the splits of a source that hold event time back: others are
// ahead, and these have stood still.
func (e *evidence) heldSplit(o *operator) (resource.Finding, bool) {
	if len(o.splits) < 2 {
		return resource.Finding{}, false
	}
	before := e.ago(enough * 2)
	if before == nil {
		return resource.Finding{}, false
	}
	b := before.same(o)
	if b == nil {
		return resource.Finding{}, false
	}
	var held []string
	slowest, fastest := math.Inf(1), math.Inf(-1)
	for _, s := range o.splits {
		slowest, fastest = min(slowest, s.watermark), max(fastest, s.watermark)
	}
	moved := false // some other split has
	for _, s := range o.splits {
		i := slices.IndexFunc(b.splits, func(t split) bool { return t.name == s.name })
		if i < 0 {
			continue
		}
		if still := b.splits[i].watermark == s.watermark; still && s.watermark < fastest {
			held = append(held, s.name)
		} else if !still {
			moved = true
		}
	}
	if len(held) == 0 || !moved {
		return resource.Finding{}, false
	}
	slices.Sort(held)
	shown := strings.Join(held[:min(len(held), 5)], ", ")
	if len(held) > 5 {
		shown += fmt.Sprintf(" and %d more", len(held)-5)
	}
	verb := "holds"
	if len(held) > 1 {
		verb = "hold"
	}
	return resource.Finding{
		Severity: resource.SeverityCritical, Title: fmt.Sprintf("%s %s the watermark back", shown, verb), Operator: o.id,
		Explanation: "Event time is that of the slowest partition. These have no new records, others go on, so windows and other operators in event time wait.",
		Remedy:      "If they may be empty, let them not count: SET 'table.exec.source.idle-timeout' = '30 s', or 'scan.watermark.idle-timeout' in the table's options. Otherwise look at what should write to them.",
		Evidence: facts("held back by", shown, "their event time", moment(slowest), "event time of the fastest", moment(fastest),
			"partitions that count", fmt.Sprint(len(o.splits))),
	}, true
}

// heldTask finds a task whose watermark stays behind that of its sisters, which
// is what an idle partition looks like where splits are not told apart.
func (e *evidence) heldTask(l *look, o *operator) (resource.Finding, bool) {
	since, still := e.stuck(o)
	if !still || told(o.watermark) && !(o.ahead > o.watermark) || !told(o.watermark) && !told(o.ahead) && o.inRate == 0 {
		return resource.Finding{}, false
	}
	b := since.same(o)
	// What counts is whether those after it wait: a task that has nothing to read
	// may stand still without holding anybody up.
	for i := range l.operators {
		if d := &l.operators[i]; slices.Contains(d.inputs, o.id) {
			if _, waits := e.stuck(d); !waits {
				return resource.Finding{}, false
			}
		}
	}
	moves := o.ahead > b.ahead || !told(o.watermark) && o.recordsIn > b.recordsIn
	if !moves || o.parallelism == 1 && told(o.watermark) {
		return resource.Finding{}, false
	}
	if o.parallelism == 1 || !told(o.ahead) {
		// No watermark at all, though records come. Those who only pass records
		// on have none before the assigner.
		if !assigns(o) {
			return resource.Finding{}, false
		}
		return resource.Finding{
			Severity: resource.SeverityCritical, Title: "There is no watermark, though records come", Operator: o.id,
			Explanation: "Some partition of " + brief(o.name) + " has not had a record yet, and event time begins when all have.",
			Remedy:      "SET 'table.exec.source.idle-timeout' = '30 s' lets empty partitions not count; or let every partition have records.",
			Evidence:    facts("watermark", "none yet", "records", quantity(o.recordsIn)),
		}, true
	}
	return resource.Finding{
		Severity: resource.SeverityCritical, Title: "One task of " + brief(o.name) + " holds the watermark back", Operator: o.id,
		Explanation: "Event time is that of the slowest task. It stands still while other tasks go on: the partitions it reads have no new records.",
		Remedy:      "SET 'table.exec.source.idle-timeout' = '30 s' lets partitions without records not count; or use no more tasks than there are partitions with records.",
		Evidence:    facts("slowest task", moment(o.watermark), "fastest task", moment(o.ahead), "tasks", fmt.Sprint(o.parallelism)),
	}, true
}

func assigns(o *operator) bool {
	return strings.Contains(o.name, "WatermarkAssigner") || strings.Contains(o.name, "watermark=[") || strings.Contains(o.description, "watermark=[")
}

// enoughRecords is how many must have gone in before it says something that
// none came out.
const enoughRecords = 100

// kinds of operators by their names: weir's and those of Flink's planner.
func isCalc(name string) bool {
	return strings.HasPrefix(name, "Calc") || strings.HasPrefix(name, "Filter") || strings.HasPrefix(name, "Where")
}

func isJoin(name string) bool { return strings.Contains(name, "Join") }

func isWindow(name string) bool {
	return strings.Contains(name, "WindowAggregate") || strings.Contains(name, "WindowJoin") || strings.Contains(name, "WindowRank") ||
		strings.Contains(name, "WindowDeduplicate") || strings.Contains(name, "GlobalWindow")
}

func askFilter(e *evidence) answer {
	l := e.newest()
	var out answer
	for i := range l.operators {
		o := &l.operators[i]
		for _, k := range o.links {
			// A link after one that gives nothing gets nothing.
			if !isCalc(k.name) || k.recordsIn < enoughRecords || k.recordsOut > 0 {
				continue
			}
			out.findings = append(out.findings, resource.Finding{
				Severity: resource.SeverityCritical, Title: "A filter lets nothing through", Operator: o.id,
				Explanation: fmt.Sprintf("%s records went into the condition in %s and none came out.", quantity(k.recordsIn), brief(o.name)),
				Remedy:      "Try the condition on a few records (run the SELECT in the SQL editor): mind the case of letters, the time zone of times, and that a comparison with NULL is never true.",
				Evidence:    facts("records in", quantity(k.recordsIn), "records out", "0", "operator", firstOf(plain(o.description), k.name)),
			})
		}
	}
	return out
}

func askJoin(e *evidence) answer {
	l := e.newest()
	var out answer
	for i := range l.operators {
		o := &l.operators[i]
		if len(o.inputs) != 2 || !slices.ContainsFunc(strings.Split(o.name, " -> "), isJoin) {
			continue
		}
		sides := make([]*operator, 0, 2)
		for _, id := range o.inputs {
			for j := range l.operators {
				if l.operators[j].id == id {
					sides = append(sides, &l.operators[j])
				}
			}
		}
		if len(sides) != 2 {
			continue
		}
		for k, s := range sides {
			other := sides[1-k]
			// A side that has ended gave what it had before the job was restored.
			if s.recordsOut > 0 || other.recordsOut == 0 || o.joined() > 0 || s.ended() && e.job.Spec.SavepointLocation != "" {
				continue
			}
			if e.runs() < enough {
				return unknown("the job has just begun")
			}
			out.findings = append(out.findings, resource.Finding{
				Severity: resource.SeverityCritical, Title: "One side of a join is empty", Operator: o.id,
				Explanation: fmt.Sprintf("%s has given %s records to the join and %s none, so no pair was found yet.", brief(other.name), quantity(other.recordsOut), brief(s.name)),
				Remedy:      "Look at the empty side: does its source have records, does a filter drop them, does it wait for a window? An outer join gives the other side without it.",
				Evidence:    facts("records from "+brief(other.name), quantity(other.recordsOut), "records from "+brief(s.name), "0"),
			})
		}
		if a, b := sides[0], sides[1]; a.recordsOut >= enoughRecords && b.recordsOut > 0 && o.joined() == 0 && e.runs() >= enough {
			out.findings = append(out.findings, resource.Finding{
				Severity: resource.SeverityWarning, Title: "A join finds no pairs", Operator: o.id,
				Explanation: "Both sides have records and no two of them match.",
				Remedy:      "Compare the keys of both sides: types, case of letters, blanks; for joins within a time, whether the times are of the same zone and the interval is wide enough.",
				Evidence: facts("records from "+brief(a.name), quantity(a.recordsOut), "records from "+brief(b.name), quantity(b.recordsOut), "pairs", "0",
					"operator", plain(o.description)),
			})
		}
	}
	return out
}

// joined is how many records the join at the head of a chain has given.
func (o *operator) joined() float64 {
	for _, k := range o.links {
		if isJoin(k.name) {
			return k.recordsOut
		}
	}
	return o.recordsOut
}

func askWindow(e *evidence) answer {
	l := e.newest()
	var out answer
	windows := false
	for i := range l.operators {
		o := &l.operators[i]
		for _, k := range o.links {
			if !isWindow(k.name) {
				continue
			}
			windows = true
			if k.recordsIn == 0 || k.recordsOut > 0 {
				continue
			}
			f := resource.Finding{
				Severity: resource.SeverityInfo, Title: "No window has closed yet", Operator: o.id,
				Explanation: fmt.Sprintf("%s records are in windows of %s. A window is given out when the watermark passes its end; the watermark is at %s.", quantity(k.recordsIn), brief(o.name), moment(o.watermark)),
				Remedy:      "Wait for event time to pass the end of the window; a shorter window, or CUMULATE with small steps, gives results sooner.",
				Evidence:    facts("records in windows", quantity(k.recordsIn), "watermark", moment(o.watermark), "operator", plain(o.description)),
			}
			if _, still := e.stuck(o); still || !told(o.watermark) && e.runs() > enough {
				f.Severity = resource.SeverityWarning
				f.Title = "No window closes: the watermark stands still"
				f.Remedy = "See what holds the watermark back: a source without new records, or an idle partition ('table.exec.source.idle-timeout')."
			}
			out.findings = append(out.findings, f)
		}
	}
	if !windows {
		return fine("there are no windows")
	}
	return out
}

// lateShare is how many of the records may come too late without a word.
const lateShare = .001

func askLate(e *evidence) answer {
	l := e.newest()
	var out answer
	for i := range l.operators {
		o := &l.operators[i]
		if o.late == 0 || o.late < lateShare*o.recordsIn {
			continue
		}
		f := resource.Finding{
			Severity: resource.SeverityWarning, Title: quantity(o.late) + " records came too late and were dropped", Operator: o.id,
			Explanation: "They came after the watermark had passed the end of their window, so they are in no result.",
			Remedy:      "Let the watermark wait longer (WATERMARK FOR t AS t - INTERVAL '…'), at the price of later results.",
			Evidence:    facts("dropped", quantity(o.late), "records", quantity(o.recordsIn), "share", fmt.Sprintf("%.2g %%", 100*o.late/max(o.recordsIn, 1))),
		}
		if o.late > o.recordsIn/2 {
			f.Severity = resource.SeverityCritical
		}
		out.findings = append(out.findings, f)
	}
	return out
}

const (
	busyEnough = .85
	heldEnough = .3
	freeEnough = .2
)

func askPressure(e *evidence) answer {
	l := e.newest()
	measured := false
	for i := range l.operators {
		o := &l.operators[i]
		measured = measured || !math.IsNaN(o.busy)
		// The culprit is busy, or waits for the world, and is not held up itself;
		// somebody before it is held up.
		if !(orZero(o.held) < freeEnough) {
			continue
		}
		var waiting *operator
		for j := range l.operators {
			p := &l.operators[j]
			if p.held > heldEnough && slices.Contains(o.inputs, p.id) {
				waiting = p
			}
		}
		if waiting == nil || !(o.busiest > freeEnough) {
			continue
		}
		f := resource.Finding{
			Severity: resource.SeverityWarning, Title: brief(o.name) + " holds up the others", Operator: o.id,
			Explanation: fmt.Sprintf("It is busy %s of the time, and %s waits for it %s of the time.", percent(o.busiest), brief(waiting.name), percent(waiting.held)),
			Remedy:      "Give the job more parallelism, or look at what the operator does: an expensive function, a slow sink, a skewed key. The flame graph shows where its time goes.",
			Evidence:    facts("busy (busiest task)", percent(o.busiest), "back-pressured before it", percent(waiting.held), "records a second", quantity(o.inRate), "parallelism", fmt.Sprint(o.parallelism)),
		}
		if !o.feeds {
			f.Remedy = "It ends in a sink. Look at the system behind it: how fast does it take records, and are its writes batched? More parallelism writes more at once."
		}
		return found(f)
	}
	if !measured {
		return unknown("the cluster does not say how busy tasks are")
	}
	return fine("")
}

func askSkew(e *evidence) answer {
	l := e.newest()
	for i := range l.operators {
		o := &l.operators[i]
		if o.parallelism > 1 && o.busiest > busyEnough && o.busy < o.busiest/2 {
			return found(resource.Finding{
				Severity: resource.SeverityWarning, Title: "One task of " + brief(o.name) + " does most of the work", Operator: o.id,
				Explanation: fmt.Sprintf("Its busiest task is busy %s of the time, the mean is %s: a few keys have most of the records.", percent(o.busiest), percent(o.busy)),
				Remedy:      "More parallelism does not help. Split the key (GROUP BY it with a second column first), or let 'table.optimizer.agg-phase-strategy' be TWO_PHASE.",
				Evidence:    facts("busiest task", percent(o.busiest), "mean", percent(o.busy), "tasks", fmt.Sprint(o.parallelism)),
			})
		}
	}
	return fine("")
}
