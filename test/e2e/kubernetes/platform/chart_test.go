package platform_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/weir-streams/weir/test/kubernetes"
	"github.com/weir-streams/weir/test/postgres"
	"github.com/weir-streams/weir/test/s3"
)

// bootstrapToken is what the tests sign in with.
const bootstrapToken = "a-token-for-the-tests-of-the-chart-0123456789"

// chosenUser is what the admission policy makes of a pod that names no user.
const chosenUser = "1000670000"

// likeOpenShift gives pods of some namespaces a user that no image knows, and
// refuses those that choose one themselves.
const likeOpenShift = `
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: chosen-user}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {users: chosen}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  matchConditions:
    - {name: none, expression: "!has(object.spec.securityContext) || !has(object.spec.securityContext.runAsUser)"}
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: "Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: ` + chosenUser + `, fsGroup: ` + chosenUser + `}}}"
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: chosen-user}
spec: {policyName: chosen-user}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: chosen-user}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {users: chosen}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
    - expression: "object.spec.securityContext.runAsUser == ` + chosenUser + ` && !has(object.spec.securityContext.runAsGroup)"
      message: a pod must not choose its user
    - expression: "object.spec.containers.all(c, !has(c.securityContext.runAsUser) && !has(c.securityContext.runAsGroup))"
      message: a container must not choose its user
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: chosen-user}
spec: {policyName: chosen-user, validationActions: [Deny]}
`

var namespaces atomic.Int64

// newNamespace makes a namespace that admits restricted pods alone.
func newNamespace(t *testing.T, labels ...string) string {
	t.Helper()
	name := "p" + strconv.FormatInt(time.Now().Unix()%1e6, 36) + strconv.FormatInt(namespaces.Add(1), 10)
	return kubernetes.Namespace(t, name, append(labels, "pod-security.kubernetes.io/enforce=restricted")...)
}

// chosenUsers makes the policies in the cluster, and waits until they count.
func chosenUsers(t *testing.T, namespace string) {
	t.Helper()
	if _, err := kubernetes.Kubectl(likeOpenShift, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	probe := func(user string) (string, error) {
		return kubernetes.Kubectl(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"probe"},"spec":{"securityContext":{"runAsNonRoot":true,`+user+`"seccompProfile":{"type":"RuntimeDefault"}},
"containers":[{"name":"probe","image":"`+repository+`","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}`,
			"-n", namespace, "create", "--dry-run=server", "-o", "jsonpath={.spec.securityContext.runAsUser}", "-f", "-")
	}
	until(t, "have users chosen by a policy", func() bool {
		user, err := probe("")
		_, own := probe(`"runAsUser":9999,`)
		return err == nil && user == chosenUser && own != nil
	})
}

// platform is a weir installed by the chart.
type platform struct {
	t         *testing.T
	namespace string
	values    map[string]any // of the chart
	name      string         // of the server's Deployment, Service and Secret
	url       string
	team      string // namespace of weir
}

// install installs the chart, and waits until the server is ready.
func install(t *testing.T, namespace string, values map[string]any) *platform {
	t.Helper()
	p := &platform{t: t, namespace: namespace, name: "streams-weir", team: "default", values: map[string]any{}}
	p.url = "http://" + p.name + "." + namespace + ".svc.cluster.local"
	p.set("image", map[string]any{"repository": repository, "tag": tag})
	p.set("vvp", map[string]any{"auth": map[string]any{"bootstrapToken": map[string]any{"token": bootstrapToken}}})
	p.set("settings", map[string]any{"checkpoint-interval": "1s"})
	p.upgrade(values)
	t.Cleanup(func() {
		if t.Failed() {
			p.tell()
		}
	})
	return p
}

func (p *platform) set(key string, value any) { merge(p.values, map[string]any{key: value}) }

// merge puts more into the values.
func merge(into, more map[string]any) {
	for k, v := range more {
		below, isMap := into[k].(map[string]any)
		above, staysMap := v.(map[string]any)
		if isMap && staysMap {
			merge(below, above)
			continue
		}
		into[k] = v
	}
}

// upgrade brings more values to the installation, and waits for the server.
func (p *platform) upgrade(values map[string]any) {
	p.t.Helper()
	p.begin(values)
	p.ready()
}

// begin does not wait.
func (p *platform) begin(values map[string]any) {
	p.t.Helper()
	merge(p.values, values)
	b, err := json.Marshal(p.values)
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(p.t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.helm("upgrade", "--install", "streams", "../../../../deploy/helm", "-f", file)
}

func (p *platform) helm(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(helmProgram, append(args, "--namespace", p.namespace)...)
	cmd.Env = append(os.Environ(), "HOME="+p.t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("helm %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (p *platform) ready() {
	p.t.Helper()
	p.kubectl("rollout", "status", "deployment/"+p.name, "--timeout=10m")
	until(p.t, "reach the server", func() bool {
		_, err := p.try("", "namespace", "list")
		return err == nil
	})
}

// tell writes down what there is when a test failed.
func (p *platform) tell() {
	for _, args := range [][]string{
		{"get", "pods", "-o", "wide"},
		{"get", "events", "--sort-by=.lastTimestamp"},
		{"logs", "deployment/" + p.name, "--tail=60"},
	} {
		out, err := kubernetes.Kubectl("", append([]string{"-n", p.namespace}, args...)...)
		p.t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (p *platform) kubectl(args ...string) string {
	p.t.Helper()
	out, err := kubernetes.Kubectl("", append([]string{"-n", p.namespace}, args...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func (p *platform) try(stdin string, args ...string) (string, error) {
	cmd := exec.Command(os.Getenv("WEIR_BINARY"), args...)
	cmd.Env = append(os.Environ(), "WEIR_SERVER="+p.url, "WEIR_TOKEN="+bootstrapToken, "WEIR_NAMESPACE="+p.team, "HOME="+folder)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *platform) weir(args ...string) string {
	p.t.Helper()
	out, err := p.try("", args...)
	if err != nil {
		described, _ := p.try("", "describe", "deployment", "orders")
		p.t.Fatalf("weir %s: %v: %s\n%s", strings.Join(args, " "), err, out, described)
	}
	return out
}

// deploy applies a deployment of a script.
func (p *platform) deploy(name, script string) {
	p.t.Helper()
	b, err := json.Marshal(deployment(name, p.team, script))
	if err != nil {
		p.t.Fatal(err)
	}
	if out, err := p.try(string(b), "apply", "-f", "-"); err != nil {
		p.t.Fatalf("apply: %v: %s", err, out)
	}
}

func deployment(name, team, script string) map[string]any {
	return map[string]any{
		"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": name, "namespace": team},
		"spec": map[string]any{
			"state": "RUNNING", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
			"template": map[string]any{"spec": map[string]any{"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": script}, "parallelism": 1}},
		},
	}
}

// remove cancels and removes a deployment, and wants nothing of it left.
func (p *platform) remove(name string) {
	p.t.Helper()
	p.weir("cancel", name)
	p.weir("wait", name, "--for", "cancelled")
	p.weir("delete", "deployment", name)
	p.wantNothingLeft()
}

func (p *platform) wantNothingLeft() {
	p.t.Helper()
	until(p.t, "have nothing left", func() bool {
		out, err := kubernetes.Kubectl("", "-n", p.namespace, "get", "pods,secrets,services,configmaps,deployments,serviceaccounts,roles,rolebindings",
			"-l", "app.kubernetes.io/managed-by=weir", "-o", "name")
		return err == nil && strings.TrimSpace(out) == ""
	})
}

// life is what says that a job has not been touched.
type life struct{ job, pod, uid, restarts string }

// lifeOf waits for the job's engine to run.
func (p *platform) lifeOf() life {
	p.t.Helper()
	var l life
	until(p.t, "see the engine's pod run", func() bool {
		out, err := kubernetes.Kubectl("", "-n", p.namespace, "get", "pods", "-l", "weir.io/component=engine", "-o",
			`jsonpath={range .items[*]}{.metadata.labels.weir\.io/job} {.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount} {.status.phase}{"\n"}{end}`)
		f := strings.Fields(out)
		if err != nil || len(f) != 5 || f[4] != "Running" {
			return false
		}
		l = life{f[0], f[1], f[2], f[3]}
		return true
	})
	return l
}

// servers are those beside the cluster.
type servers struct {
	s3       *s3.Server
	database string // URL
	results  *sql.DB
}

// newServers starts a bucket named streams and a database.
func newServers(t *testing.T) servers {
	t.Helper()
	s := servers{s3: s3.Start(t, outside, "streams"), database: postgres.URL(t)}
	db, err := sql.Open("pgx", s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s.results = db
	if _, err := db.Exec("CREATE TABLE seen (i BIGINT)"); err != nil {
		t.Fatal(err)
	}
	return s
}

// blobs are the chart's values of the bucket.
func (s servers) blobs() map[string]any {
	return map[string]any{
		"vvp": map[string]any{"blobStorage": map[string]any{
			"baseUri": "s3://streams/weir", "s3": map[string]any{"endpoint": s.s3.Endpoint, "pathStyle": true},
		}},
		"blobStorageCredentials": map[string]any{"s3": map[string]any{"accessKeyId": s3.AccessKey, "secretAccessKey": s3.SecretKey}},
	}
}

// numbered counts up at some rows a second, and writes every number to the
// table seen.
func (s servers) numbered(rows, rate int) string {
	_, place, _ := strings.Cut(s.database, "@")
	return fmt.Sprintf(`CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '%d',
  'fields.i.kind' = 'sequence', 'fields.i.start' = '1', 'fields.i.end' = '%d');
CREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'jdbc', 'url' = 'jdbc:postgresql://%s', 'username' = 'postgres', 'password' = '%s',
  'table-name' = 'seen', 'sink.buffer-flush.interval' = '200 ms');
INSERT INTO o SELECT i FROM n;`, rate, rows, place, postgres.Password)
}

// count is how many rows the table has, and how many different ones.
func (s servers) count(t *testing.T) (rows, different int) {
	t.Helper()
	if err := s.results.QueryRow("SELECT count(*), count(DISTINCT i) FROM seen").Scan(&rows, &different); err != nil {
		t.Fatal(err)
	}
	return rows, different
}

// grows waits until more rows come out.
func (s servers) grows(t *testing.T) {
	t.Helper()
	before, _ := s.count(t)
	until(t, "see more rows", func() bool { n, _ := s.count(t); return n > before })
}

// wantAll wants every number once.
func (s servers) wantAll(t *testing.T, rows int) {
	t.Helper()
	if n, different := s.count(t); n != rows || different != rows {
		t.Errorf("%d rows, %d different ones, want %d", n, different, rows)
	}
}

// until waits; what for is said when it does not come in ten minutes.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited to %s", what)
		}
	}
}
