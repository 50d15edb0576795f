package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// The benchmarks tell how long people wait. They report and never fail on a
// time: goals are a start under 1 s, a first row under 0.5 s, an upgrade under 1 s.

// BenchmarkServerStart: from the start of the process until the API answers, on
// an empty folder, and again on what the first left.
func BenchmarkServerStart(b *testing.B) {
	for _, kind := range []string{"new", "again"} {
		b.Run(kind, func(b *testing.B) {
			var spent time.Duration
			p := startPlatform(b)
			for b.Loop() {
				p.stop()
				if kind == "new" {
					p.data = b.TempDir()
				}
				began := time.Now()
				p.start()
				if _, err := p.api.Deployments("default").List(p.ctx(), client.Query{}); err != nil {
					b.Fatal(err)
				}
				spent += time.Since(began)
			}
			report(b, spent, "ms/start", "goal: under 1 s")
		})
	}
}

func report(b *testing.B, spent time.Duration, unit, goal string) {
	b.Log(goal)
	b.ReportMetric(0, "ns/op") // what surrounds the thing measured
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), unit)
}

// BenchmarkFirstRow: from the start of `weir run` until its first row.
func BenchmarkFirstRow(b *testing.B) {
	in := flights(b, b.TempDir(), flightsRead)
	for name, script := range map[string]string{
		"values": "SELECT carrier, COUNT(*) FROM (VALUES ('AA'), ('BB'), ('AA')) AS t(carrier) GROUP BY carrier;",
		"file": fmt.Sprintf(`CREATE TABLE flights (departed_at TIMESTAMP(3), scheduled_at TIMESTAMP(3), carrier STRING, flight INT, tail_number STRING, origin STRING, destination STRING,
  departure_delay_minutes INT, arrival_delay_minutes INT, distance_miles INT, cancelled BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'csv.null-literal' = '');
SELECT carrier, COUNT(*) FROM flights WHERE NOT cancelled GROUP BY carrier;`, in),
	} {
		b.Run(name, func(b *testing.B) {
			var spent time.Duration
			for b.Loop() {
				spent += firstRow(b, script)
			}
			report(b, spent, "ms/row", "goal: under 0.5 s")
		})
	}
}

func firstRow(b *testing.B, script string) time.Duration {
	b.Helper()
	cmd := exec.Command(binary(b), "run", "--output", "csv", "-")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	spent := time.Duration(0)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if spent == 0 && strings.HasPrefix(lines.Text(), "+I") {
			spent = time.Since(began)
		}
	}
	if err := cmd.Wait(); err != nil || spent == 0 {
		b.Fatalf("no row: %v", err)
	}
	return spent
}

// counting keeps a count for each of 10,000 keys, and shows one change in some
// hundreds with the time at which the row that made it was made.
const counting = `
CREATE TABLE clicks (k INT, made TIMESTAMP_LTZ(3)) WITH ('connector' = 'datagen', 'rows-per-second' = '50000', 'fields.k.min' = '1', 'fields.k.max' = '10000');
CREATE TABLE shown (k INT, n BIGINT, made TIMESTAMP_LTZ(3)) WITH ('connector' = 'print');
INSERT INTO shown SELECT k, COUNT(*), MAX(made) FROM clicks GROUP BY k HAVING MOD(COUNT(*) * 7 + MAX(k), 250) = 0;`

// BenchmarkStatefulUpgrade: a running count whose parallelism is changed;
// gap is the time without rows, from the last one of the old job to the first
// one of the new, as the rows themselves tell; running is from the PATCH until
// the deployment is RUNNING.
func BenchmarkStatefulUpgrade(b *testing.B) {
	p := startPlatform(b)
	p.deploy("counts", counting, map[string]any{"template": map[string]any{"spec": map[string]any{
		"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": counting}, "parallelism": 1,
		"flinkConfiguration": map[string]any{"execution.checkpointing.interval": "1 s"},
	}}})
	d := p.settle("counts", resource.StateRunning)
	const settled = 1600 // rows shown: all keys have come, some twenty times
	p.until("counts", "counting", func(d resource.Deployment) bool {
		last, _ := p.newestRow(p.outputURL(p.job(d)))
		return last.Seq >= settled
	})
	var gap, running, worst time.Duration
	for parallelism := 2; b.Loop(); parallelism = 3 - parallelism {
		url := p.outputURL(p.job(d))
		lastRow := make(chan printedRow, 1)
		go func() { lastRow <- p.follow(url) }()
		began := time.Now()
		p.patch("counts", template(map[string]any{"parallelism": parallelism}))
		p.running("counts", parallelism)
		running += time.Since(began)
		d = p.get("counts")
		old := <-lastRow
		var first printedRow
		p.until("counts", "showing rows", func(d resource.Deployment) bool {
			rows, err := p.rows(p.outputURL(p.job(d)) + "?after=0")
			if err != nil || !slices.ContainsFunc(rows, printedRow.isNew) {
				return false
			}
			if rows[0].Seq != 1 {
				b.Fatalf("the oldest row left is number %d: looked too late", rows[0].Seq)
			}
			first = rows[slices.IndexFunc(rows, printedRow.isNew)]
			return true
		})
		if n, err := strconv.Atoi(first.Values[1]); err != nil || n < 2 {
			b.Fatalf("the first row after the upgrade counts %s: the state is lost", first.Values[1])
		}
		g := first.made(b).Sub(old.made(b))
		gap, worst = gap+g, max(worst, g)
	}
	report(b, gap, "ms/gap", "goal: under 1 s")
	b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst-gap")
	b.ReportMetric(float64(running.Microseconds())/1000/float64(b.N), "ms/running")
}

// printedRow is a row that a print sink showed.
type printedRow struct {
	Seq    int64    `json:"seq"`
	Op     string   `json:"op"`
	Values []string `json:"values"`
}

// isNew tells a new value from one taken back, whose time is an earlier one.
func (r printedRow) isNew() bool { return r.Op == "+I" || r.Op == "+U" }

func (r printedRow) made(b *testing.B) time.Time {
	b.Helper()
	text := strings.TrimSuffix(r.Values[len(r.Values)-1], "Z")
	at, err := time.Parse("2006-01-02T15:04:05.999", text)
	if err != nil {
		b.Fatal(err)
	}
	return at
}

func (p *platform) outputURL(j resource.Job) string {
	return fmt.Sprintf("http://%s/flink-ui/v1/namespaces/default/jobs/%s/jobs/%s/weir/output", p.listen, j.Metadata.ID, j.Status.Started.FlinkJobID)
}

func (p *platform) rows(url string) ([]printedRow, error) {
	r, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, r.Status)
	}
	var page struct {
		Tables []struct {
			Rows []printedRow `json:"rows"`
		} `json:"tables"`
	}
	if err := json.NewDecoder(r.Body).Decode(&page); err != nil || len(page.Tables) == 0 {
		return nil, fmt.Errorf("%s: %d tables: %w", url, len(page.Tables), err)
	}
	return page.Tables[0].Rows, nil
}

// newestRow is the newest of the last rows that is not one taken back; the zero
// row if there is none.
func (p *platform) newestRow(url string) (printedRow, error) {
	rows, err := p.rows(url + "?limit=50")
	for _, r := range slices.Backward(rows) {
		if r.isNew() {
			return r, err
		}
	}
	return printedRow{}, err
}

// follow reads the newest row of a job again and again until its cluster is
// gone, and returns the last it saw: at most one turn before the very last.
func (p *platform) follow(url string) printedRow {
	var last printedRow
	for {
		row, err := p.newestRow(url)
		if err != nil {
			return last
		}
		if row.Seq > 0 {
			last = row
		}
		time.Sleep(5 * time.Millisecond) // leaves the machine to the upgrade
	}
}

// BenchmarkIdleDeployments: what the server takes with 200 deployments that do
// not run, and what one job that waits for input takes.
func BenchmarkIdleDeployments(b *testing.B) {
	p := startPlatform(b)
	empty := b.TempDir()
	script := fmt.Sprintf(`CREATE TABLE s (a INT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'source.monitor-interval' = '1 s');
CREATE TABLE o (a INT) WITH ('connector' = 'print'); INSERT INTO o SELECT a FROM s;`, empty)
	for i := range 200 {
		p.deploy(fmt.Sprintf("idle-%d", i), script, map[string]any{"state": "CANCELLED"})
	}
	p.deploy("waiting", script, nil)
	p.settle("waiting", resource.StateRunning)
	for b.Loop() {
		p.settle("waiting", resource.StateRunning)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(memory(b, p.cmd.Process.Pid), "MB/server")
	b.ReportMetric(memory(b, p.engines()[0]), "MB/job")
}

// memory is the resident memory of a process that is its own, in megabytes.
func memory(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatalf("process %d tells no RssAnon", pid)
	return 0
}
