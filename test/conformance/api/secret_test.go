package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Values that are unlike anything else; each is used in another place.
var secretValues = map[string]string{
	"CONFIG":  "zq9-config-7f31c2",
	"CONFIG2": "zq9-rotated-51bb0e",
	"SQL":     "zq9-statement-90ad4",
	"FAIL":    "zq9-failing-33c7aa",
	"CATALOG": "zq9-catalog-d02e61",
	"SESSION": "zq9-session-8842fe",
	"TYPED":   "zq9-typed-6ce910", // a password written into a spec, not kept as a secret value
}

// TestSecretsStayIn puts secret values wherever specs may refer to them, lets
// jobs run, fail, be upgraded and rolled back with them, and then looks for
// them in everything that comes out: answers, logs, command lines,
// environments, and files that others could read.
func TestSecretsStayIn(t *testing.T) {
	p := launch(t, "--log-level", "debug")
	for _, name := range []string{"CONFIG", "SQL", "FAIL", "CATALOG", "SESSION"} {
		p.call("POST", inDefault+"/secret-values", fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"kind":"PLAIN","value":%q}}`, name, secretValues[name]), 201)
	}
	out := t.TempDir()
	sql := func(sink string) string {
		return `CREATE TEMPORARY TABLE s (x INT) WITH ('connector' = 'datagen', 'rows-per-second' = '20');
CREATE TEMPORARY TABLE t (x INT, y STRING) WITH (` + sink + `);
INSERT INTO t SELECT x, '${SQL}' FROM s;`
	}
	deployment := func(name, script, extra string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"state":"RUNNING","maxJobCreationAttempts":1,%s"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":%q},"parallelism":1,
"flinkConfiguration":{"user.token":"${CONFIG}","restart-strategy.type":"none","s3.secret-key":%q}}}}}`, name, extra, script, secretValues["TYPED"])
	}
	p.call("POST", "/sql/v1beta1/namespaces/default/sqlscripts:execute", `{"statement":"CREATE TABLE kept (x INT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '`+out+`/${CATALOG}')"}`, 200).want("result", "RESULT_SUCCESS")
	p.call("POST", inDefault+"/deployments", deployment("holds", sql(`'connector' = 'blackhole'`), ""), 201)
	p.call("POST", inDefault+"/deployments", deployment("writes", "INSERT INTO kept VALUES (1)", ""), 201)
	p.call("POST", inDefault+"/deployments", deployment("fails", sql(`'connector' = 'filesystem', 'format' = '${FAIL}', 'path' = '`+out+`/x'`), ""), 201)
	p.call("POST", inDefault+"/deployments", deployment("misses", sql(`'connector' = 'filesystem', 'format' = 'csv', 'path' = '/proc/nowhere/${FAIL}'`), ""), 201)
	p.call("POST", inDefault+"/sessionclusters", `{"metadata":{"name":"shared"},"spec":{"state":"RUNNING","deploymentTargetName":"local","flinkConfiguration":{"user.token":"${SESSION}"}}}`, 201)
	p.state("holds", "RUNNING")
	p.state("writes", "FINISHED")
	p.state("fails", "FAILED")
	p.state("misses", "FAILED")
	p.until("/sessionclusters/shared", "status/state", "RUNNING")

	// A new value, and everything that makes another job or another spec.
	p.call("PATCH", inDefault+"/secret-values/CONFIG", fmt.Sprintf(`{"spec":{"value":%q}}`, secretValues["CONFIG2"]), 200)
	p.call("POST", inDefault+"/deployments/holds:plan?method=PATCH", `{"spec":{"template":{"spec":{"parallelism":2}}}}`, 200)
	p.call("PATCH", inDefault+"/deployments/holds", `{"spec":{"template":{"spec":{"parallelism":2,"flinkConfiguration":{"s3.secret-key":null}}}}}`, 200)
	p.until("/jobs?deploymentId="+p.call("GET", inDefault+"/deployments/holds", "", 200).text("metadata/id"), "items/1/status/state", "STARTED")
	p.call("POST", inDefault+"/deployments/holds:rollback", `{"generation":1}`, 200)
	p.call("POST", inDefault+"/deployments/holds:fork", `{"name":"fork"}`, 201)
	p.state("holds", "RUNNING")
	p.call("POST", inDefault+"/deployments", `{"metadata":{"name":"nothing"},"spec":{"state":"RUNNING","maxJobCreationAttempts":1,"template":{"spec":{"artifact":{"kind":"SQLSCRIPT","sqlScript":"INSERT INTO kept SELECT 1"},"flinkConfiguration":{"a":"${NO_SUCH_SECRET}"}}}}}`, 201)
	p.state("nothing", "FAILED")

	seen := 0
	look := func(where, text string) {
		seen++
		for name, value := range secretValues {
			for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), fmt.Sprintf("%x", value)} {
				if i := strings.Index(text, form); i >= 0 {
					t.Errorf("%s shows the secret %s: …%s…", where, name, text[max(0, i-120):min(len(text), i+len(form)+20)])
				}
			}
		}
	}
	for _, path := range p.everything() {
		for _, accept := range []string{"application/json", "application/yaml"} {
			look("GET "+path, p.raw(path, accept))
		}
	}
	if missing := p.call("GET", inDefault+"/events?deploymentId="+p.call("GET", inDefault+"/deployments/nothing", "", 200).text("metadata/id"), "", 200); !bytes.Contains(missing.body, []byte("NO_SUCH_SECRET")) {
		t.Errorf("no event names the secret that is missing: %s", missing.body)
	}
	// What others on the machine can see.
	pids := append(engines(t, p.data), p.cmd.Process.Pid)
	if len(pids) < 3 {
		t.Errorf("%d processes, want a server, an engine and a session cluster", len(pids))
	}
	for _, pid := range pids {
		for _, file := range []string{"cmdline", "environ"} {
			text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
			if err != nil {
				t.Error(err)
			}
			look("process "+strconv.Itoa(pid)+" "+file, string(text))
		}
	}
	p.end()
	look("the log of the server", p.output())
	p.files(look)
	t.Logf("looked at %d places", seen)
}

// files looks at what lies in the data folder: nobody else can open what has a
// secret in it, and the database and logs have none.
func (p *process) files(look func(where, text string)) {
	p.t.Helper()
	err := filepath.WalkDir(p.data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		if strings.HasPrefix(name, "weir.db") || strings.Contains(name, "log") {
			look(path, onlyRecord(string(text)))
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			look(path+" "+info.Mode().String(), string(text))
		}
		return nil
	})
	if err != nil {
		p.t.Error(err)
	}
}

// onlyRecord takes out what a user wrote into a spec by hand, which is stored
// as it was written.
func onlyRecord(text string) string { return strings.ReplaceAll(text, secretValues["TYPED"], "") }

// everything lists the paths that can be read: every GET of the contract, with
// every name and id there is.
func (p *process) everything() []string {
	p.t.Helper()
	values := map[string][]string{"namespace": {"default"}, "ns": {"default"}, "cat": {"vvp"}, "generation": {"1", "2", "3"}, "apiTokenName": {"none"}, "pluginName": {"filesystem"}, "sqlScriptName": {"none"}, "udfArtifactName": {"none"}}
	ids := func(list, place string) (all []string) {
		found, err := p.call("GET", inDefault+list, "", 200).find(place)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, v := range found {
			all = append(all, fmt.Sprint(v))
		}
		return all
	}
	names := map[string][]string{
		"deployments": ids("/deployments", "items/*/metadata/name"), "deployment-targets": {"local"}, "secret-values": ids("/secret-values", "items/*/metadata/name"),
		"sessionclusters": {"shared"}, "connectors": {"filesystem"}, "formats": {"csv"}, "catalog-connectors": {"none"}, "with-cr": {"holds"},
	}
	values["jobId"], values["savepointId"] = ids("/jobs", "items/*/metadata/id"), ids("/savepoints", "items/*/metadata/id")
	values["deploymentId"] = ids("/deployments", "items/*/metadata/id")
	values["path"] = []string{"", "overview", "config", "jobs", "jobs/overview", "jobmanager/config", "jobmanager/environment", "jobmanager/logs", "jobmanager/log", "jobmanager/stdout", "taskmanagers"}
	for _, id := range values["jobId"] {
		flink := strings.ReplaceAll(id, "-", "")
		for _, rest := range []string{"", "/config", "/plan", "/exceptions", "/checkpoints", "/checkpoints/config", "/weir/output", "/accumulators"} {
			values["path"] = append(values["path"], "jobs/"+flink+rest)
		}
	}
	var all []string
	for path, item := range document(p.t).Paths.Map() {
		if item.Get == nil || strings.HasSuffix(path, "/changes") {
			continue
		}
		paths := []string{path}
		for {
			open := strings.Index(paths[0], "{")
			if open < 0 {
				break
			}
			before := paths[0][:open]
			end := strings.Index(paths[0], "}")
			parameter := paths[0][open+1 : end]
			choices := values[parameter]
			if parameter == "name" {
				segments := strings.Split(strings.TrimSuffix(before, "/"), "/")
				choices = names[segments[len(segments)-1]]
			}
			if len(choices) == 0 {
				p.t.Fatalf("no values for %s of %s", parameter, path)
			}
			var next []string
			for _, have := range paths {
				for _, c := range choices {
					next = append(next, strings.Replace(have, "{"+parameter+"}", c, 1))
				}
			}
			paths = next
		}
		all = append(all, paths...)
	}
	all = append(all,
		"/catalog/v1beta2/namespaces/default/catalogs/vvp:getTable?table=kept", "/api/v1/logs/reports?format=json", "/api/v1/logs/reports?format=csv",
		inDefault+"/deployments/holds/revisions/2:diff?with=1", inDefault+"/deployments/holds/revisions/3:diff?with=1",
	)
	slices.Sort(all)
	return all
}

// raw reads a path, whatever it answers.
func (p *process) raw(path, accept string) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatalf("GET %s: %v", path, err)
	}
	defer res.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(res.Body); err != nil {
		p.t.Logf("GET %s: %v", path, err) // a cluster that ends
	}
	if res.StatusCode >= 500 && !strings.HasPrefix(path, "/flink-ui/") {
		p.t.Errorf("GET %s: %d %s", path, res.StatusCode, text.String())
	}
	return text.String()
}

// state waits for a deployment to be in a state.
func (p *process) state(name, want string) {
	p.t.Helper()
	p.until("/deployments/"+name, "status/state", want)
}

// until asks again until a place of an answer is as wanted.
func (p *process) until(path, place, want string) {
	p.t.Helper()
	var last string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found, err := p.call("GET", inDefault+path, "", 200).find(place)
		if err != nil {
			p.t.Fatal(err)
		}
		if last = asText(found); last == want {
			return
		}
	}
	p.t.Fatalf("%s of %s is %q after a minute, want %q: %s", place, path, last, want, p.raw(inDefault+path, "application/json"))
}
