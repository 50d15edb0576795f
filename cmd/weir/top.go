package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// load is how one deployment does.
type load struct {
	Namespace        string         `json:"namespace"`
	Deployment       string         `json:"deployment"`
	State            resource.State `json:"state"`
	Parallelism      int            `json:"parallelism"`
	RecordsInPerSec  float64        `json:"recordsInPerSecond"`
	RecordsOutPerSec float64        `json:"recordsOutPerSecond"`
	Busy             float64        `json:"busy"` // of the busiest task, 0 to 1
	BackPressured    float64        `json:"backPressured"`
	BehindMs         int64          `json:"behindMs"` // event time behind the clock; -1: no watermark
	Pending          int64          `json:"pending"`  // records that sources have yet to read; -1: not told
	StateBytes       int64          `json:"stateBytes"`
	MemoryBytes      int64          `json:"memoryBytes"`
	Restarts         int64          `json:"restarts"`
	Checkpoint       resource.Time  `json:"checkpoint,omitzero"` // the newest
	Error            string         `json:"error,omitzero"`      // why nothing is known

	metrics    *client.JobMetrics // nil: none
	deployment resource.Deployment
}

func topCommand(s *session) *cobra.Command {
	var once bool
	var output, by, selector string
	var every time.Duration
	orders := []string{"name", "in", "out", "busy", "lag", "state", "memory"}
	c := &cobra.Command{
		Use:   "top [NAME…]",
		Short: "Show how much deployments do: rates, lag, load, memory",
		Long: "Show how much running deployments do. On a terminal the table is drawn again every two seconds until it is interrupted; elsewhere, or with\n" +
			"--once, it is printed once. LAG is how far event time is behind the clock, or how many records wait to be read, where the source tells.",
		Example:           example("weir top\nweir top -A --sort busy --once\nweir top orders -o json"),
		ValidArgsFunction: s.completeManyDeployments,
	}
	c.Flags().BoolVar(&once, "once", false, "print one table, also on a terminal")
	c.Flags().DurationVar(&every, "every", 2*time.Second, "how often the table is drawn again")
	c.Flags().StringVar(&by, "sort", "name", strings.Join(orders, ", "))
	c.Flags().StringVarP(&selector, "selector", "l", "", "labels, for example team=a")
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	s.everywhereFlag(c)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		switch {
		case output != "table" && output != "json":
			return usagef("output %q is not known; it can be table or json", output)
		case !slices.Contains(orders, by):
			return usagef("--sort must be one of %s, got %q%s", strings.Join(orders, ", "), by, near(by, orders))
		case every < 100*time.Millisecond:
			return usagef("--every must be at least 100ms, got %s", every)
		}
		live := s.outTerminal && !once && output == "table"
		for {
			all, err := s.loads(ctx, api, args, selector)
			if err != nil {
				return err
			}
			sortLoads(all, by)
			if output == "json" {
				return printJSON(s.out, map[string]any{"kind": "LoadList", "apiVersion": resource.APIVersion, "items": all})
			}
			if live {
				fmt.Fprint(s.out, "\x1b[H\x1b[2J") // top left, clear
			}
			if err := s.showLoads(all); err != nil || !live {
				return err
			}
			fmt.Fprintf(s.out, "\n%s   Ctrl-C ends\n", time.Now().Format("15:04:05"))
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(every):
			}
		}
	})
}

// loads looks at deployments: those named, or all that run.
func (s *session) loads(ctx context.Context, api *client.Client, names []string, selector string) ([]load, error) {
	k, err := findKind("deployments")
	if err != nil {
		return nil, err
	}
	var found []resource.Object
	for _, name := range names {
		v, err := s.fetch(ctx, api, k, deploymentName(name))
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	if len(names) == 0 {
		if found, err = s.list(ctx, api, k, client.Query{LabelSelector: selector}); err != nil {
			return nil, err
		}
	}
	all := []load{}
	for _, v := range found {
		if d, ok := v.(*resource.Deployment); ok && (len(names) > 0 || d.Status.Running.JobID != "") {
			all = append(all, load{
				Namespace: d.Metadata.Namespace, Deployment: d.Metadata.Name, State: d.Status.State,
				Parallelism: d.Spec.Template.Spec.Parallelism, BehindMs: -1, Pending: -1, deployment: *d,
			})
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range all {
		g.Go(func() error {
			l := &all[i]
			job := l.deployment.Status.Running.JobID
			if job == "" {
				return nil
			}
			m, err := api.Metrics(ctx, l.Namespace, job)
			if err != nil {
				l.Error = err.Error() // it may be ending just now; the others are shown
				return ctx.Err()
			}
			l.take(m)
			return nil
		})
	}
	return all, g.Wait()
}

// take sums the metrics of a job up.
func (l *load) take(m client.JobMetrics) {
	l.metrics = &m
	l.MemoryBytes, l.Restarts, l.Checkpoint = m.MemoryBytes, m.Restarts, m.Checkpoints.LatestAt
	for _, v := range m.Vertices {
		if v.Source {
			l.RecordsInPerSec += max(v.RecordsOutPerSec, v.RecordsInPerSec)
		}
		if v.Sink {
			l.RecordsOutPerSec += v.RecordsInPerSec
		}
		l.Busy, l.BackPressured = max(l.Busy, v.Busy), max(l.BackPressured, v.BackPressured)
		l.StateBytes += v.StateBytes
		if v.Pending >= 0 {
			l.Pending = max(l.Pending, 0) + v.Pending
		}
		if !v.Watermark.IsZero() {
			l.BehindMs = max(l.BehindMs, m.At.Sub(v.Watermark.Time).Milliseconds(), 0)
		}
	}
}

func sortLoads(all []load, by string) {
	key := map[string]func(load) float64{
		"in":     func(l load) float64 { return l.RecordsInPerSec },
		"out":    func(l load) float64 { return l.RecordsOutPerSec },
		"busy":   func(l load) float64 { return l.Busy },
		"lag":    func(l load) float64 { return float64(max(l.Pending, 0))*1e12 + float64(l.BehindMs) },
		"state":  func(l load) float64 { return float64(l.StateBytes) },
		"memory": func(l load) float64 { return float64(l.MemoryBytes) },
	}[by]
	slices.SortStableFunc(all, func(a, b load) int {
		if key != nil && key(a) != key(b) {
			if key(a) > key(b) {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Namespace+"/"+a.Deployment, b.Namespace+"/"+b.Deployment)
	})
}

func (s *session) showLoads(all []load) error {
	if len(all) == 0 {
		fmt.Fprintln(s.err, "Nothing runs.")
		return nil
	}
	t := &table{
		head:  []string{"NAME", "STATE", "TASKS", "IN/S", "OUT/S", "BUSY", "LAG", "STATE-SIZE", "MEMORY", "CHECKPOINT", "RESTARTS"},
		right: []bool{false, false, true, true, true, true, true, true, true, true, true},
	}
	if s.everywhere {
		t.head, t.right = append([]string{"NAMESPACE"}, t.head...), append([]bool{false}, t.right...)
	}
	var problems []string
	for _, l := range all {
		cells := []string{l.Deployment, string(l.State), strconv.Itoa(l.Parallelism), "", "", "", "", "", "", "", ""}
		if l.metrics != nil {
			copy(cells[3:], []string{
				perSecond(l.RecordsInPerSec), perSecond(l.RecordsOutPerSec), percent(l.Busy), l.lag(), size(l.StateBytes), size(l.MemoryBytes),
				age(time.Now(), l.Checkpoint), strconv.FormatInt(l.Restarts, 10),
			})
		}
		if s.everywhere {
			cells = append([]string{l.Namespace}, cells...)
		}
		t.add(cells...)
		if l.Error != "" {
			problems = append(problems, l.Deployment+": "+l.Error)
		}
	}
	if err := t.write(s.out, s.paintStates(t)); err != nil {
		return err
	}
	for _, p := range problems {
		s.noticef("%s", inOneLine(p))
	}
	return nil
}

func (l load) lag() string {
	if l.Pending >= 0 {
		return quantity(float64(l.Pending)) + " records"
	}
	if l.BehindMs < 0 {
		return ""
	}
	now := time.Now()
	return age(now, resource.Time{Time: now.Add(-time.Duration(l.BehindMs) * time.Millisecond)})
}

// quantity is a number for people: 12, 3.4k, 56M.
func quantity(v float64) string {
	units := []string{"", "k", "M", "G", "T"}
	u := 0
	for math.Abs(v) >= 1000 && u < len(units)-1 {
		v /= 1000
		u++
	}
	if u > 0 && v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64) + units[u]
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + units[u]
}

// perSecond is a rate; slow ones have a decimal.
func perSecond(v float64) string {
	if v > 0 && v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return quantity(v)
}

func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 0, 64) + "%" }
