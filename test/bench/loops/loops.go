// Package loops measures the loops that most of a query's time goes into, each
// beside a loop written by hand for exactly that case and fused into one, in the
// same process on the same rows: the share of the hand-written rate is what
// machines and their load change little.
package loops

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
)

// Result is one loop.
type Result struct {
	Name string `json:"name"`
	Does string `json:"does"`
	// Rows per second of processor time.
	Engine    float64 `json:"engine_rows_per_cpu_second"`
	Reference float64 `json:"reference_rows_per_cpu_second"`
	// Share is Engine in parts of Reference.
	Share float64 `json:"share"`
}

// loop is a query over the rows, and the same by hand.
type loop struct {
	name, does, query string
	reference         func(r *rows, n int)
}

var loops = []loop{
	{"filter", "one row of 123 passes, two columns of five", `SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0`, (*rows).filter},
	{"project", "a multiplication, three columns as they are", `SELECT auction, bidder, price * 3 + 1, ts FROM bid`, (*rows).project},
	{"decimal", "a price in another currency", `SELECT auction, 0.908 * price FROM bid`, (*rows).decimal},
	{"case", "three branches over a column", `SELECT auction, CASE WHEN price < 1000 THEN 1 WHEN price < 100000 THEN 2 ELSE 3 END FROM bid`, (*rows).branches},
	{"split", "three parts of a path", `SELECT auction, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4), SPLIT_INDEX(url, '/', 5) FROM bid`, (*rows).split},
	{"group", "count, sum and greatest of 10,000 keys, one change a key and batch", `SELECT auction, COUNT(*), SUM(price), MAX(price) FROM bid GROUP BY auction`, (*rows).group},
	{"window", "count and greatest by key in tumbling windows", `SELECT bidder, window_start, COUNT(*), MAX(price)
		FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end`, (*rows).window},
	{"newest", "the newest row of each of 10,000 keys", `SELECT auction, bidder, price FROM (
		SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY ts DESC) AS n FROM bid) WHERE n = 1`, (*rows).newest},
}

// Names lists the loops.
func Names() []string {
	var names []string
	for _, l := range loops {
		names = append(names, l.name)
	}
	return names
}

// Run measures one loop over about n rows; the best of three counts.
func Run(ctx context.Context, name string, n int) (Result, error) {
	for _, l := range loops {
		if l.name != name {
			continue
		}
		r := makeRows()
		res := Result{Name: l.name, Does: l.does}
		for range 3 {
			took, err := r.run(ctx, l.query, n)
			if err != nil {
				return res, fmt.Errorf("%s: %w", name, err)
			}
			res.Engine = max(res.Engine, float64(n)/took.Seconds())
			before := processorTime()
			l.reference(r, n)
			took = processorTime() - before
			res.Reference = max(res.Reference, float64(n)/max(took.Seconds(), 1e-9))
		}
		res.Share = res.Engine / res.Reference
		return res, nil
	}
	return Result{}, fmt.Errorf("no loop %q; there are %v", name, Names())
}

// run runs a query over n rows and returns the processor time of that.
func (r *rows) run(ctx context.Context, query string, n int) (time.Duration, error) {
	e := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)}).With([]*connector.Connector{r.connector(n)}, nil)
	config := map[string]string{"parallelism.default": "1", "table.exec.mini-batch.enabled": "true"}
	plan, err := e.Compile(bidTable+"CREATE TABLE hole WITH ('connector' = 'blackhole') AS "+query+";", config)
	if err != nil {
		return 0, err
	}
	before := processorTime()
	job, err := e.Start(ctx, engine.JobSpec{ID: "00000000000000000000000000000001", Name: "loop", Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		return 0, err
	}
	if err := job.Wait(ctx); err != nil {
		return 0, err
	}
	return max(processorTime()-before, time.Nanosecond), nil
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
