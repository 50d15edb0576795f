package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// answer is what a command of the binary said.
type answer struct {
	code     int
	out, err string
}

// weir runs a command to its end; input is its standard input.
func weir(t testing.TB, input string, args ...string) answer {
	t.Helper()
	// The bound is one that only a hang reaches.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = t.TempDir(), strings.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("weir %s: %v %v\n%s", strings.Join(args, " "), err, ctx.Err(), errs.String())
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// refuses checks that a command failed with one message that has all words,
// and without anything that only a crash prints.
func (a answer) refuses(t testing.TB, words ...string) {
	t.Helper()
	if a.code == 0 {
		t.Errorf("exit code 0, want a failure; standard output:\n%s", a.out)
	}
	if n := strings.Count(a.err, "weir: "); n != 1 {
		t.Errorf("%d messages, want one:\n%s", n, a.err)
	}
	says(t, a.err, words...)
}

func says(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not said in:\n%s", w, text)
		}
	}
	for _, w := range []string{"panic:", "goroutine ", "runtime error", "restart strategy none"} {
		if strings.Contains(text, w) {
			t.Errorf("it says %q:\n%s", w, text)
		}
	}
}

// lives checks that the platform goes on: a new deployment runs to its end.
func (p *platform) lives() {
	p.t.Helper()
	name := fmt.Sprintf("alive-%d", time.Now().UnixNano())
	p.deploy(name, "CREATE TABLE o (a INT) WITH ('connector' = 'print'); INSERT INTO o VALUES (1);", nil)
	p.settle(name, resource.StateFinished)
}

func TestBadSpecsNameTheField(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	spec := func(more string) string {
		return `{"kind":"Deployment","metadata":{"name":"bad"},"spec":{"state":"RUNNING","template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"SELECT 1"}}}` + more + `}}`
	}
	for _, tt := range []struct {
		name, body string
		words      []string
	}{
		{"a word for a number", strings.Replace(spec(""), `"artifact"`, `"parallelism":"two","artifact"`, 1), []string{"spec.template.spec.parallelism", "must be an integer", `two`}},
		{"a fraction for a whole number", strings.Replace(spec(""), `"artifact"`, `"parallelism":1.5,"artifact"`, 1), []string{"spec.template.spec.parallelism", "1.5"}},
		{"a negative number", strings.Replace(spec(""), `"artifact"`, `"parallelism":-1,"artifact"`, 1), []string{"spec.template.spec.parallelism", "-1"}},
		{"a list for an object", strings.Replace(spec(""), `"artifact"`, `"flinkConfiguration":["a"],"artifact"`, 1), []string{"spec.template.spec.flinkConfiguration", "must be an object", "a list"}},
		{"an unknown state", strings.Replace(spec(""), "RUNNING", "RUNING", 1), []string{"spec.state", "RUNNING, SUSPENDED, CANCELLED", "RUNING"}},
		{"no script", strings.Replace(spec(""), "SELECT 1", "", 1), []string{"spec.template.spec.artifact.sqlScript", "must be set"}},
		{"an unknown strategy", spec(`,"upgradeStrategy":{"kind":"STATEFULL"}`), []string{"spec.upgradeStrategy.kind", "STATEFUL"}},
		{"an unknown target", spec(`,"deploymentTargetName":"nowhere"`), []string{"spec.deploymentTargetName", `\"nowhere\" does not exist`, "local"}},
		{"half a document", spec("")[:60], []string{"not valid JSON", "line 1"}},
		{"nothing", "", []string{"body"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.Post("http://"+p.listen+"/api/v1/namespaces/default/deployments", "application/json", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			text, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if r.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d, want 400", r.StatusCode)
			}
			says(t, string(text), tt.words...)
		})
	}
	t.Run("weir apply", func(t *testing.T) {
		yaml := "kind: Deployment\nmetadata:\n  name: bad\nspec:\n  template:\n    spec:\n      artifact: {kind: SQLSCRIPT, sqlScript: SELECT 1}\n      parallelism: %s\n"
		weir(t, fmt.Sprintf(yaml, "two"), "apply", "--server", "http://"+p.listen, "-f", "-").refuses(t, "standard input", "spec.template.spec.parallelism", "must be an integer", `"two"`)
		weir(t, "a: [\nb", "apply", "--server", "http://"+p.listen, "-f", "-").refuses(t, "standard input", "line 2")
		weir(t, "", "apply", "--server", "http://"+p.listen, "-f", "nowhere.yaml").refuses(t, "nowhere.yaml", "no such file")
		slip := weir(t, strings.Replace(fmt.Sprintf(yaml, "2"), "parallelism", "paralelism", 1), "apply", "--dry-run", "--server", "http://"+p.listen, "-f", "-")
		says(t, slip.err, "there is no field spec.template.spec.paralelism", `did you mean "parallelism"?`)
	})
	all, err := p.api.Deployments("default").List(p.ctx(), client.Query{})
	if err != nil || len(all) != 0 {
		t.Errorf("%d deployments exist after refusals alone: %v", len(all), err)
	}
	p.lives()
}

// badScripts are scripts that cannot run; words are the thing, the place, and
// what to do.
func badScripts(dir string) []badScript {
	from := func(with string) string {
		return "CREATE TABLE s (a INT, b STRING) WITH (" + with + ");\nCREATE TABLE o (a INT, b STRING) WITH ('connector' = 'print');\nINSERT INTO o SELECT * FROM s;"
	}
	file := func(name string, more string) string {
		return from(fmt.Sprintf("'connector' = 'filesystem', 'path' = '%s', 'format' = '%s'%s", filepath.Join(dir, name), strings.TrimPrefix(filepath.Ext(name), "."), more))
	}
	return []badScript{
		{"unknown-option", from("'connector' = 'filesystem', 'path' = '/tmp/x', 'format' = 'csv', 'scan.rate-limt' = '1'"), "1:", []string{".s'", `"scan.rate-limt"`, `did you mean "scan.rate-limit"?`}, true},
		{"unknown-connector", from("'connector' = 'filesytem', 'path' = '/tmp/x', 'format' = 'csv'"), "1:", []string{"'filesytem'", "did you mean 'filesystem'?"}, true},
		{"unknown-format", from("'connector' = 'filesystem', 'path' = '/tmp/x', 'format' = 'cvs'"), "1:", []string{"'cvs'", "did you mean 'csv'?"}, true},
		{"wrong-value", from("'connector' = 'filesystem', 'path' = '/tmp/x', 'format' = 'csv', 'scan.rate-limit' = 'fast'"), "1:", []string{"scan.rate-limit", "fast"}, true},
		{"parse-error", "CREATE TABLE o (a INT) WITH ('connector' = 'print');\nINSERT INTO o\n  SELEC 1;", "3:3", []string{`"SELEC"`, "did you mean SELECT?"}, true},
		{"no-such-column", "CREATE TABLE o (a INT) WITH ('connector' = 'print');\nINSERT INTO o SELECT c FROM (VALUES (1)) AS t(a);", "2:22", []string{"'c' not found"}, true},
		{"no-such-table", "CREATE TABLE o (a INT) WITH ('connector' = 'print');\nINSERT INTO o SELECT * FROM nowhere;", "2:29", []string{"nowhere"}, true},
		{"missing-file", file("nowhere.csv", ""), "", []string{filepath.Join(dir, "nowhere.csv") + " does not exist", "Source: s"}, false},
		{"corrupt-csv", file("corrupt.csv", ""), "", []string{filepath.Join(dir, "corrupt.csv"), "line 3, column 1", `"a" (INT)`, `"x"`}, false},
		{"corrupt-json", file("corrupt.json", ""), "", []string{filepath.Join(dir, "corrupt.json"), "line 2, column 8", "expected"}, false},
	}
}

type badScript struct {
	name, script string
	place        string // line:column in the script, or the front of it
	words        []string
	forGood      bool // trying again cannot help
}

func corruptFiles(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corrupt.csv":  "1,a\n2,b\nx,c\n4,d\n",
		"corrupt.json": "{\"a\":1}\n{\"a\":2\n{\"a\":\"x\"}\n{\"a\":4}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range badScripts(corruptFiles(t)) {
		t.Run(tt.name, func(t *testing.T) {
			a := weir(t, tt.script, "run", "-")
			if tt.place != "1:" { // an option is looked at where its table is used
				says(t, a.err, tt.place)
			}
			a.refuses(t, tt.words...)
		})
	}
	t.Run("missing script", func(t *testing.T) {
		weir(t, "", "run", "nowhere.sql").refuses(t, "script", "nowhere.sql", "no such file")
	})
	t.Run("script is a folder", func(t *testing.T) {
		weir(t, "", "run", ".").refuses(t, "script", "is a directory")
	})
	t.Run("missing savepoint", func(t *testing.T) {
		weir(t, "SELECT COUNT(*) FROM (VALUES (1)) AS t(a);", "run", "--from-savepoint", "/nowhere", "-").refuses(t, "start from /nowhere", "does not exist")
	})
	t.Run("wrong setting", func(t *testing.T) {
		weir(t, "SELECT 1;", "run", "--set", "parallelism.default=x", "-").refuses(t, "parallelism.default", "whole number", `"x"`)
	})
}

// TestDeploymentsSayWhatIsWrong runs the same as deployments: status and
// events say it, the others go on, and what can be mended is mended.
func TestDeploymentsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	dir := corruptFiles(t)
	all := badScripts(dir)
	all = append(all, badScript{"select-only", "SELECT 1;", "", []string{"SELECT", "INSERT INTO"}, true})
	for _, tt := range all {
		p.deploy(tt.name, tt.script, nil)
	}
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			words := tt.words
			if line, column, ok := strings.Cut(tt.place, ":"); ok {
				words = append(slices.Clone(words), "line "+line+", column "+column)
			}
			d := p.until(tt.name, "clear about what is wrong", func(d resource.Deployment) bool {
				return (d.Status.State == resource.StateFailed || !tt.forGood) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(d.Status.Message, w) })
			})
			events, err := p.api.Events("default").List(p.ctx(), client.Query{DeploymentID: d.Metadata.ID})
			if err != nil {
				t.Fatal(err)
			}
			if tt.forGood {
				says(t, d.Status.Message, "Change the spec")
				if n := len(p.jobs(tt.name)); n != 1 {
					t.Errorf("%d jobs were tried, one could tell", n)
				}
				if !slices.ContainsFunc(events, func(e resource.Event) bool { return strings.Contains(e.Spec.Message, words[0]) }) {
					t.Error("no event says it")
				}
			}
		})
	}
	// The file comes: the job goes on by itself.
	if err := os.WriteFile(filepath.Join(dir, "nowhere.csv"), []byte("1,a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.settle("missing-file", resource.StateFinished)
	// The spec is changed: it is tried again.
	p.patch("parse-error", template(map[string]any{"artifact": map[string]any{"sqlScript": "CREATE TABLE o (a INT) WITH ('connector' = 'print'); INSERT INTO o SELECT 1;"}}))
	p.settle("parse-error", resource.StateFinished)
	p.lives()
}

// TestCorruptRecordsCanBeIgnored: fields that do not parse are NULL, records
// that cannot be read are left out and counted.
func TestCorruptRecordsCanBeIgnored(t *testing.T) {
	t.Parallel()
	dir := corruptFiles(t)
	for _, tt := range []struct{ format, columns, want string }{
		{"csv", "a INT, b STRING", "+I,1,a\n+I,2,b\n+I,,c\n+I,4,d\n"},
		{"json", "a INT", "+I,1\n+I,\n+I,4\n"},
	} {
		t.Run(tt.format, func(t *testing.T) {
			script := fmt.Sprintf("CREATE TABLE s (%s) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = '%s', '%[3]s.ignore-parse-errors' = 'true'); SELECT * FROM s;",
				tt.columns, filepath.Join(dir, "corrupt."+tt.format), tt.format)
			a := weir(t, script, "run", "--output", "csv", "-")
			if a.code != 0 || !strings.HasSuffix(a.out, tt.want) {
				t.Errorf("exit code %d, rows\n%s%s\nwant\n%s", a.code, a.out, a.err, tt.want)
			}
		})
	}
}

func TestCorruptRecordsLeftOutAreCounted(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in, out := corruptFiles(t), filepath.Join(p.data, "out")
	p.deploy("counted", fmt.Sprintf(`CREATE TABLE s (a INT) WITH ('connector' = 'filesystem', 'path' = '%s', 'source.path.regex-pattern' = '.*json', 'source.monitor-interval' = '1 s',
  'format' = 'json', 'json.ignore-parse-errors' = 'true');
CREATE TABLE o (a INT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
INSERT INTO o SELECT a FROM s;`, in, out), nil)
	d := p.settle("counted", resource.StateRunning)
	p.until("counted", "writing", func(resource.Deployment) bool { return len(output(t, out)) == 3 })
	j := p.job(d)
	cluster := "http://" + p.listen + "/flink-ui/v1/namespaces/default/jobs/" + j.Metadata.ID + "/jobs/" + j.Status.Started.FlinkJobID
	var job struct {
		Vertices []struct {
			ID string `json:"id"`
		} `json:"vertices"`
	}
	readJSON(t, cluster, &job)
	for _, v := range job.Vertices {
		var metrics []struct{ ID, Value string }
		readJSON(t, cluster+"/vertices/"+v.ID+"/metrics?get=0.weir.corruptRecords", &metrics)
		if len(metrics) == 1 && metrics[0].Value == "1" {
			return
		}
	}
	t.Errorf("no vertex of %d counts one corrupt record", len(job.Vertices))
}

func readJSON(t testing.TB, url string, into any) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(into); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v", url, r.Status, err)
	}
}

func TestServerRefusesToStart(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	p.deploy("orders", "CREATE TABLE o (a INT) WITH ('connector' = 'print'); INSERT INTO o VALUES (1);", nil)
	p.settle("orders", resource.StateFinished)
	server := func(t *testing.T, data, listen string) answer {
		return weir(t, "", "server", "--data", data, "--listen", listen, "--log-level", "error")
	}
	t.Run("a second one on the same folder", func(t *testing.T) {
		server(t, p.data, "127.0.0.1:0").refuses(t, "another weir server", fmt.Sprint(p.cmd.Process.Pid), p.data, "--data")
	})
	t.Run("a port in use", func(t *testing.T) {
		server(t, t.TempDir(), p.listen).refuses(t, "port "+p.listen[strings.LastIndexByte(p.listen, ':')+1:]+" is in use", "--listen")
	})
	t.Run("an address that others reach", func(t *testing.T) {
		server(t, t.TempDir(), "0.0.0.0:0").refuses(t, "refusing to listen on 0.0.0.0", "127.0.0.1")
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		server(t, file, "127.0.0.1:0").refuses(t, file, "not a directory", "--data")
	})
	t.Run("a read-only folder", func(t *testing.T) {
		dir := readOnly(t)
		server(t, dir, "127.0.0.1:0").refuses(t, dir, "cannot be written", "--data")
		server(t, filepath.Join(dir, "below"), "127.0.0.1:0").refuses(t, dir, "--data")
	})
	t.Run("an unknown setting", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "weir.yaml")
		if err := os.WriteFile(file, []byte("lisen: 127.0.0.1:0\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		weir(t, "", "server", "--config", file, "--data", t.TempDir()).refuses(t, file, `"lisen"`, `did you mean "listen"?`)
	})
	p.lives() // the one they could have disturbed

	t.Run("a damaged database", func(t *testing.T) {
		p.stop()
		path := filepath.Join(p.data, "weir.db")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, damage := range map[string]func([]byte) []byte{
			"at its front": func(b []byte) []byte { copy(b, "this is not a database at all......"); return b },
			"in the middle": func(b []byte) []byte {
				for i := 4096; i < len(b); i++ {
					b[i] ^= 0x5a
				}
				return b
			},
			"cut off": func(b []byte) []byte { return b[:len(b)/2] },
		} {
			bad := damage(bytes.Clone(good))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			server(t, p.data, "127.0.0.1:0").refuses(t, path, "damaged", "restore it from a backup")
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(after, bad) {
				t.Errorf("%s: the refusal changed the file: %v", name, err)
			}
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		p.start()
		if got := p.get("orders").Status.State; got != resource.StateFinished {
			t.Errorf("with the file put back, the deployment is %s", got)
		}
	})
}

func TestDeletingWhatRunsIsRefused(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	p.deploy("delays", delays(in, filepath.Join(p.data, "out"), "", 500), nil)
	p.settle("delays", resource.StateRunning)
	request, err := http.NewRequest(http.MethodDelete, "http://"+p.listen+"/api/v1/namespaces/default/deployments/delays", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusConflict {
		t.Errorf("status %d, want 409", r.StatusCode)
	}
	says(t, string(text), "delays", "CANCELLED", "first")
	weir(t, "", "delete", "deployment", "delays", "--server", "http://"+p.listen).refuses(t, "delays", "CANCELLED")
	weir(t, "", "delete", "deployment", "nowhere", "--server", "http://"+p.listen).refuses(t, "nowhere")
	if d := p.get("delays"); d.Status.State != resource.StateRunning || len(p.engines()) != 1 {
		t.Errorf("after the refusal it is %s with %d engines", d.Status.State, len(p.engines()))
	}
}

func TestClientsSayThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	weir(t, "", "get", "deployments", "--server", "http://"+address).refuses(t, address, "weir server")
	weir(t, "", "get", "deploymnts", "--server", "http://"+address).refuses(t, `"deploymnts"`, "deployment")
}

// TestASavepointThatIsGoneNeverStartsEmpty takes a suspended deployment's state
// away: it says so and waits; when the state is back it goes on from there.
func TestASavepointThatIsGoneNeverStartsEmpty(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	p.deploy("delays", delays(in, out, "", rowsASecond), map[string]any{"maxJobCreationAttempts": 2})
	p.settle("delays", resource.StateRunning)
	p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
	d := p.settle("delays", resource.StateSuspended)
	written := output(t, out)

	all, err := p.api.Savepoints("default").List(p.ctx(), client.Query{DeploymentID: d.Metadata.ID})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d savepoints: %v", len(all), err)
	}
	place := strings.TrimPrefix(all[len(all)-1].Spec.SavepointLocation, "file:")
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(place, away); err != nil {
		t.Fatal(err)
	}
	p.patch("delays", map[string]any{"spec": map[string]any{"state": "RUNNING"}})
	d = p.settle("delays", resource.StateFailed)
	says(t, d.Status.Message, place, "does not exist")
	if got := output(t, out); !slices.Equal(got, written) {
		t.Errorf("without its state it wrote %d lines", len(got)-len(written))
	}
	for _, j := range p.jobs("delays")[1:] {
		if j.Spec.SavepointLocation == "" {
			t.Errorf("job %s was to start empty", j.Metadata.ID)
		}
	}
	// It is back, but damaged.
	if err := os.Rename(away, place); err != nil {
		t.Fatal(err)
	}
	metadata := filepath.Join(place, "_metadata")
	good, err := os.ReadFile(metadata)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)/2] ^= 1
	if err := os.WriteFile(metadata, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	p.patch("delays", template(map[string]any{"parallelism": 2}))
	d = p.until("delays", "clear about the damage", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateFailed && strings.Contains(d.Status.Message, "damaged")
	})
	says(t, d.Status.Message, place)
	// It is back as it was.
	if err := os.WriteFile(metadata, good, 0o600); err != nil {
		t.Fatal(err)
	}
	p.patch("delays", template(map[string]any{"parallelism": 3}))
	p.settle("delays", resource.StateFinished)
	checkOutput(t, p, "delays", output(t, out), want)
	p.lives()
}

// TestADamagedCheckpointIsNamed: after a crash of everything the newest
// checkpoint cannot be read. An older one would write rows twice, an empty
// start would lose them, so it waits and says so.
func TestADamagedCheckpointIsNamed(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	p.deploy("delays", delays(in, out, "", rowsASecond), map[string]any{"maxJobCreationAttempts": 2}) // the crash counts
	p.settle("delays", resource.StateRunning)
	p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })
	p.kill()
	p.killEngine(t)
	all, err := filepath.Glob(filepath.Join(p.data, "state", "checkpoints", "namespaces", "default", "jobs", "*", "*", "chk-*", "_metadata"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%d checkpoints: %v", len(all), err)
	}
	good := map[string][]byte{}
	for _, path := range all { // those kept besides the newest may not be taken either
		if good[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, good[path][:len(good[path])/2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written := output(t, out)
	p.start()
	d := p.settle("delays", resource.StateFailed)
	says(t, d.Status.Message, "chk-", "damaged")
	if got := output(t, out); !slices.Equal(got, written) {
		t.Errorf("without its state it wrote %d lines", len(got)-len(written))
	}
	for path, text := range good {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.patch("delays", template(map[string]any{"parallelism": 2}))
	p.settle("delays", resource.StateFinished)
	checkOutput(t, p, "delays", output(t, out), want)
}
