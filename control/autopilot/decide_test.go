package autopilot

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/resource"
)

var (
	noon     = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	standard = Config{Interval: 15 * time.Second, WarmUp: time.Minute}
)

// Snapshots in words, plans in words. Times are seconds before now. Rewrite
// with: go test ./control/autopilot -rewrite
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			return describe(decide(noon, standard, parse(t, td.Input)))
		})
	})
}

func parse(t *testing.T, input string) *snapshot {
	seen := &snapshot{}
	seen.Metadata.Generation = 1
	seen.deployment.Status.Running.JobID = "a"
	seen.deployment.Spec.UpgradeStrategy.Kind = resource.UpgradeStateful
	seen.Status = resource.AutopilotStatus{ObservedGeneration: 1, JobID: "a", UpdateTime: ago(60)}
	for line := range strings.Lines(input) {
		words, set := []string{}, map[string]string{}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				set[k] = strings.ReplaceAll(v, "_", " ")
			} else {
				words = append(words, w)
			}
		}
		number := func(key string) float64 {
			if set[key] == "" {
				return 0
			}
			f, err := strconv.ParseFloat(set[key], 64)
			if err != nil {
				t.Fatalf("%s: %s: %v", line, key, err)
			}
			return f
		}
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "policy":
			seen.Spec.Mode = resource.AutopilotMode("AUTOPILOT_MODE_" + words[1])
			seen.Spec.Autoscaler = resource.AutoscalerConfig{
				MinParallelism: int(number("min")), MaxParallelism: int(number("max")),
				CooldownMinutes: int(number("cooldown")), TargetUtilization: int(number("target")),
			}
			seen.Spec = seen.Spec.WithDefaults()
		case "deployment":
			seen.deployment.Status.State = resource.State(words[1])
			tmpl := &seen.deployment.Spec.Template.Spec
			tmpl.Parallelism = int(number("parallelism"))
			seen.Status.Parallelism = tmpl.Parallelism
			if set["upgrade"] != "" {
				seen.deployment.Spec.UpgradeStrategy.Kind = resource.UpgradeKind(set["upgrade"])
			}
			if set["max"] != "" {
				tmpl.FlinkConfiguration = map[string]string{"pipeline.max-parallelism": set["max"]}
			}
		case "gone":
			seen.gone = true
		case "job":
			seen.running = true
			seen.job.Status.Started.StartedAt = ago(int(number("ran")))
		case "before":
			for p := range strings.SplitSeq(set["proposals"], ",") {
				if n, err := strconv.Atoi(p); err == nil {
					seen.Status.Proposals = append(seen.Status.Proposals, n)
				}
			}
			if set["acted"] != "" {
				seen.Status.LastActionTime = ago(int(number("acted")))
			}
			if set["updated"] != "" {
				seen.Status.UpdateTime = ago(int(number("updated")))
			}
			if set["job"] != "" {
				seen.Status.JobID = set["job"]
			}
			seen.Status.Message = set["message"]
		case "missing":
			seen.missing = set["why"]
		case "stage":
			s := stage{
				id: words[1], name: words[1], parallelism: int(number("p")), most: int(number("most")), in: number("in"), out: number("out"),
				busy: number("busy"), held: number("held"), busiest: max(number("busy"), number("busiest")),
			}
			if set["from"] != "" {
				s.inputs = strings.Split(set["from"], ",")
			}
			s.sourceOfData = len(s.inputs) == 0
			seen.load = append(seen.load, s)
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	return seen
}

func ago(seconds int) resource.Time {
	return resource.At(noon.Add(-time.Duration(seconds) * time.Second))
}

func describe(p plan) string {
	if p.remove {
		return "remove the policy\n"
	}
	var b strings.Builder
	for _, v := range p.status.Vertices {
		fmt.Fprintf(&b, "stage %s: %g of %g rows/s, demand %g, needs %d\n", v.Name, v.Throughput, v.Capacity, v.Demand, v.Needs)
	}
	if p.scale > 0 {
		fmt.Fprintf(&b, "scale to %d\n", p.scale)
	}
	if p.write {
		if p.status.Failed {
			fmt.Fprint(&b, "failed: ")
		}
		fmt.Fprintf(&b, "%s\nproposals %v\n", p.status.Message, p.status.Proposals)
		if p.status.Recommended > 0 {
			fmt.Fprintf(&b, "recommends %d\n", p.status.Recommended)
		}
	}
	if !p.again.IsZero() {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}
