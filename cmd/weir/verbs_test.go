package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func TestSecretsGoInAndNeverComeOut(t *testing.T) {
	p := startPlatform(t)
	file := filepath.Join(t.TempDir(), "value")
	write(t, file, "hunter2\n")
	p.weir("secret", "create", "A", "--from-file", file).exits(0).prints("secret A created")
	p.weirIn("other", "secret", "create", "A").exits(5).complains("--replace")
	p.weirIn("other", "secret", "create", "A", "--replace").exits(0).prints("secret A set")
	p.weir("secret", "create", "B", "--from-literal", "hunter2").exits(0).complains("list of processes")
	p.weirIn("", "secret", "create", "C").exits(2).complains("empty")
	p.weir("secret", "create", "C", "--from-file", "/none").exits(1).complains("/none")
	p.weirIn("kind: SecretValue\nmetadata: {name: D}\nspec: {value: hunter2}\n", "apply", "-f", "-").exits(0).prints("secret D created").lacks("hunter2")
	p.weirIn("kind: SecretValue\nmetadata: {name: D}\nspec: {value: hunter3}\n", "apply", "-f", "-").exits(0).prints("secret D changed").lacks("hunter")
	p.weirIn("kind: SecretValue\nmetadata: {name: D}\nspec: {value: hunter3}\n", "apply", "-f", "-", "--dry-run").exits(0).lacks("hunter")
	p.weirIn("kind: SecretValue\nmetadata: {name: D}\n", "apply", "-f", "-").exits(1).complains("spec.value")
	p.weir("secret", "list").exits(0).prints("A", "B", "D").lacks("hunter")
	p.weir("get", "secrets", "-o", "yaml").exits(0).lacks("hunter")
	p.weirIn(strings.Replace(strings.Replace(orders, "a: 1.10", "a: '${A}'", 1), "RUNNING", "CANCELLED", 1), "apply", "-f", "-").exits(0)
	p.weir("describe", "secret", "A").exits(0).prints("${A}", "Deployments that use it", "orders").lacks("hunter")
	p.weir("secret", "delete", "A", "B").exits(0)
	p.weir("secret", "delete", "A").exits(4)
	p.weir("secret", "delete", "A", "--ignore-not-found").exits(0)
}

func TestNamespacesAndTokens(t *testing.T) {
	p := startPlatform(t)
	p.weir("namespace", "create", "payments", "--owner", "user:ann", "--viewer", "group:x,group:y").exits(0)
	p.weir("namespace", "create", "payments").exits(5)
	p.weir("get", "ns", "payments", "-o", "jsonpath={.spec.roleBindings[*].role}").exits(0).equals("owner viewer\n")
	secret := strings.TrimSpace(p.weir("token", "create", "ci", "-n", "payments", "--role", "editor").exits(0).out)
	if len(secret) < 20 || strings.Contains(secret, " ") {
		t.Errorf("secret %q", secret)
	}
	p.weir("token", "create", "ci2", "--role", "edtor").exits(2).complains(`did you mean "editor"?`)
	p.weir("token", "list", "-n", "payments").exits(0).prints("ci", "editor").lacks(secret)
	p.weir("token", "list", "-A").exits(0).prints("payments")
	p.weir("token", "delete", "ci", "-n", "payments").exits(0)
	p.weir("namespace", "delete", "payments", "--wait", "--timeout", "1m").exits(0).prints("deleted")
	p.weir("get", "ns", "payments").exits(4)
}

func TestApplyForPrograms(t *testing.T) {
	p := startPlatform(t)
	var done struct{ Items []applyReport }
	out := p.weirIn(orders+"---\nkind: Namespace\nmetadata: {name: n}\n", "apply", "-f", "-", "-o", "json", "--wait").exits(0).out
	if err := json.Unmarshal([]byte(out), &done); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(done.Items) != 2 || done.Items[0].Kind != "namespace" || done.Items[1].Name != "orders" || done.Items[1].Action != "created" {
		t.Errorf("%+v", done)
	}
	p.weirIn(strings.Replace(orders, "parallelism: 2", "parallelism: 3", 1), "apply", "-f", "-", "-o", "json", "--dry-run").exits(0).
		prints(`"field": "spec.template.spec.parallelism"`, `"old": 2`, `"new": 3`, "would be changed")
	p.weirIn(orders, "apply", "-f", "-", "-o", "name").exits(0).equals("deployment/orders\n")
}

func TestPlanInFront(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(orders, "plan", "-f", "-").exits(0).prints("deployment orders", "created")
	p.weir("get", "d", "orders").exits(4)
	p.weirIn(orders, "apply", "-f", "-", "--wait").exits(0)
	p.weirIn(orders, "plan", "-f", "-").exits(0).prints("nothing runs differently")
	scaled := strings.Replace(orders, "parallelism: 2", "parallelism: 3", 1)
	p.weirIn(scaled, "plan", "-f", "-").exits(0).prints("parallelism: 2 → 3")
	var found plans
	out := p.weirIn(scaled+"---\nkind: DeploymentTarget\nmetadata: {name: x}\nspec: {launcher: process}\n", "plan", "-f", "-", "-o", "json").exits(0).out
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found.Items) != 1 || found.Items[0].Effect != resource.EffectRescale ||
		len(found.Resources) != 1 || found.Resources[0].Action != "create" {
		t.Errorf("%v: %s", err, out)
	}
	p.weirIn(strings.Replace(orders, "SELECT 1", "SELEC 1", 1), "plan", "-f", "-").exits(1).complains("line 1")
	p.weirIn(strings.Replace(orders, "SELECT 1", "SELEC 1", 1), "apply", "-f", "-").exits(1).complains("line 1")
	p.weir("get", "d", "orders", "-o", "jsonpath={.metadata.generation}").exits(0).equals("1\n")
}

func TestRollbackBringsTheStateBack(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(orders, "apply", "-f", "-", "--wait").exits(0)
	p.weir("rollback", "orders", "--to", "1", "--with-state").exits(4).complains("has left no savepoint")
	p.weir("scale", "orders", "-p", "4", "--wait").exits(0)
	p.weir("rollback", "orders", "--to", "1", "--with-state").exits(0).prints("is CANCELLED after", "rolled back to revision 1", "is to start from savepoint", "is RUNNING after")
	p.weir("history", "orders", "--jobs").exits(0).prints("TERMINATED", "STARTED", "parallelism")
	p.weir("history", "orders", "--jobs", "-o", "json").exits(0).prints(`"RunList"`, `"restoredFrom"`)
	p.weir("history", "orders", "--newest", "1", "-o", "name").exits(0).equals("5\n")
}

func TestForkAnywhere(t *testing.T) {
	p := startPlatform(t)
	p.weirIn("kind: Namespace\nmetadata: {name: staging}\n", "apply", "-f", "-").exits(0)
	p.weirIn(orders, "apply", "-f", "-", "--wait").exits(0)
	p.weir("fork", "orders", "copy", "--savepoint", "latest").exits(4).complains("no completed savepoint")
	p.weir("fork", "deployments/orders", "copy", "--into", "staging", "--savepoint", "new").exits(0).prints("weir start copy -n staging")
	p.weir("savepoint", "list", "copy", "-n", "staging").exits(0).prints("COPIED", "COMPLETED")
	p.weir("start", "copy", "-n", "staging", "--wait").exits(0)
	p.weir("get", "jobs", "-n", "staging", "-o", "wide").exits(0).prints("savepoint")
	p.weir("fork", "orders", "copy", "--target", "nowhere", "--savepoint", "latest").exits(1).complains("nowhere")
	p.weir("reset", "orders", "--savepoint", "latest", "--wait").exits(0)
}

func TestWaitForAnything(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(orders, "apply", "-f", "-").exits(0)
	p.weir("wait", "orders", "--for", "jsonpath={.status.state}=RUNNING").exits(0)
	p.weir("wait", "deployments/orders", "--for", ".metadata.labels.team=a").exits(0)
	p.weir("wait", "orders", "--for", "{.status.running.jobId}").exits(0)
	p.weir("wait", "orders", "--for", ".metadata.labels.team=b", "--timeout", "20ms").exits(124)
	p.weir("wait", "orders", "--for", "{.a}x").exits(2)
	p.weir("wait", "orders", "--for", "..a=1").exits(2)
	id := regexp.MustCompile(`savepoint (\S+) started`).FindStringSubmatch(p.weir("savepoint", "create", "orders").exits(0).out)[1]
	p.weir("wait", "savepoint", id, "--for", "completed").exits(0).prints("is COMPLETED")
	p.weir("wait", "savepoint/"+id, "--for", "compleet").exits(2).complains("completed")
	p.weir("wait", "target", "local", "--for", "running").exits(2).complains("no states")
	p.weir("wait", "target", "locale", "--for", ".spec.launcher=process").exits(4).complains(`did you mean "local"?`)
	p.weir("cancel", "-l", "team=a", "--wait").exits(0).prints("orders is CANCELLED after")
	p.weir("cancel", "-l", "team=none").exits(4)
	p.weir("cancel").exits(2)
}

func TestLogFilter(t *testing.T) {
	const log = `time=2026-01-02T10:00:00.000Z level=INFO msg="engine started"
time=2026-01-02T11:00:00.000Z level=WARN msg="checkpoint 3 failed"
  because of this
2026-01-02 12:00:00,123 ERROR org.apache.flink.Task - lost
java.lang.Exception
	at x
time=2026-01-02T13:00:00.000Z level=INFO msg="checkpoint 4 completed"
`
	for _, tt := range []struct {
		level, grep string
		when        span
		want, lacks string
		lines       int
	}{
		{lines: 7},
		{level: "warn", lines: 5, want: "at x", lacks: "completed"},
		{level: "error", lines: 3, lacks: "checkpoint"},
		{grep: "checkpoint .* failed", lines: 2, want: "because"},
		{when: span{since: "2026-01-02T12:30:00Z"}, lines: 1, want: "completed"},
		{when: span{until: "2026-01-02T10:30:00Z"}, lines: 1, want: "started"},
	} {
		f, err := newLogFilter(tt.level, tt.grep, tt.when)
		if err != nil {
			t.Fatal(err)
		}
		got := string(f.filter([]byte(log)))
		if n := strings.Count(got, "\n"); n != tt.lines || !strings.Contains(got, tt.want) || tt.lacks != "" && strings.Contains(got, tt.lacks) {
			t.Errorf("%+v: %d lines\n%s", tt, n, got)
		}
	}
	for _, bad := range [][3]string{{"loud", "", ""}, {"", "(", ""}, {"", "", "yesterday"}} {
		if _, err := newLogFilter(bad[0], bad[1], span{since: bad[2]}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"90m":                  now.Add(-90 * time.Minute),
		"7d":                   now.AddDate(0, 0, -7),
		"2026-01-31T12:00:00Z": time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		"2026-01-31":           time.Date(2026, 1, 31, 0, 0, 0, 0, time.Local),
	} {
		if got, err := moment("since", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-5m", "7x", "31.1.2026", "-3d"} {
		if _, err := moment("since", text, now); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestQuantities(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 3: "3", 999: "999", 1500: "1.5k", 21000: "21k", 3.2e6: "3.2M", 9.99e3: "10k"} {
		if got := quantity(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if got := perSecond(0.25); got != "0.2" {
		t.Errorf("%s", got)
	}
}

func TestLoadOfAJob(t *testing.T) {
	at := resource.Time{Time: time.Now()}
	l := load{BehindMs: -1, Pending: -1}
	l.take(client.JobMetrics{At: at, MemoryBytes: 7, Vertices: []client.VertexMetrics{
		{Source: true, RecordsOutPerSec: 10, Pending: -1},
		{Source: true, RecordsOutPerSec: 5, Pending: 40, Busy: .25},
		{Sink: true, RecordsInPerSec: 3, Pending: -1, Busy: .5, StateBytes: 100, Watermark: resource.Time{Time: at.Add(-time.Minute)}},
	}})
	if l.RecordsInPerSec != 15 || l.RecordsOutPerSec != 3 || l.Busy != .5 || l.Pending != 40 || l.BehindMs != 60000 || l.lag() != "40 records" {
		t.Errorf("%+v %s", l, l.lag())
	}
	all := []load{{Deployment: "b", Busy: .1}, {Deployment: "a", Busy: .9}, {Deployment: "c", Busy: .1}}
	sortLoads(all, "busy")
	if all[0].Deployment != "a" || all[1].Deployment != "b" {
		t.Errorf("%+v", all)
	}
}

func TestCompletionOfNames(t *testing.T) {
	p := startPlatform(t)
	p.weirIn(strings.Replace(orders, "RUNNING", "CANCELLED", 1), "apply", "-f", "-").exits(0)
	for line, want := range map[string]string{
		"get depl":               "deployments",
		"get deployments ":       "orders",
		"get deployments/o":      "deployments/orders",
		"describe target ":       "local",
		"start ":                 "orders",
		"savepoint create ":      "orders",
		"get deployments -n ":    "default",
		"wait orders --for ":     "running",
		"get deployments -o ":    "wide",
		"token create x --role ": "editor",
	} {
		p.weir(append([]string{"__complete"}, strings.Split(line, " ")...)...).exits(0).prints(want + "\n")
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		p.weir("completion", shell).exits(0).prints("weir")
	}
}

func TestEveryVerbHasAnExample(t *testing.T) {
	s := newSession(strings.NewReader(""), os.Stdout, os.Stderr)
	for _, c := range allCommands(rootCommand(s)) {
		if c.Hidden || c.Name() == "help" || strings.Contains(c.CommandPath(), " completion") {
			continue
		}
		if c.Short == "" || !c.HasExample() && c.HasParent() {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.HasParent() && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: the example is of something else:\n%s", c.CommandPath(), c.Example)
		}
	}
}

func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}
