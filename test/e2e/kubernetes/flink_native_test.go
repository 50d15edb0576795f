package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestNativeFlinkPods has Flink make the pods of its TaskManagers: they come and
// go with what the job needs, belong to their cluster like any pod, and nothing
// is left of them.
func TestNativeFlinkPods(t *testing.T) {
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			p := newPrograms(t, version)
			p.program("numbers", map[string]any{"execution.target": "kubernetes-application", "taskmanager.numberOfTaskSlots": "1"}, modest)
			d := p.settle("numbers", resource.StateRunning)
			p.saving("numbers")
			job := d.Status.Running.JobID
			p.managers(2, job)
			if out, err := p.kubectl("get", "pods", "-l", "weir.io/component=taskmanager", "-o", "jsonpath={.items[*].metadata.ownerReferences[*].name}"); err != nil || out != "job-"+job+" job-"+job {
				t.Errorf("TaskManagers belong to %q, %v", out, err)
			}

			p.deletePod(p.pods("taskmanager")[0])
			p.saving("numbers")

			p.patchTemplate("numbers", map[string]any{"parallelism": 3})
			d = p.runs("numbers", job)
			p.saving("numbers")
			job = d.Status.Running.JobID
			p.managers(3, job)
			if p.job(d).Spec.Parallelism != 3 {
				t.Errorf("after it was rescaled it runs at parallelism %d", p.job(d).Spec.Parallelism)
			}

			p.deletePod(p.mainPod()) // another JobManager goes on from the newest checkpoint
			p.runs("numbers", job)
			p.saving("numbers")

			p.patch("numbers", map[string]any{"state": "SUSPENDED"})
			p.settle("numbers", resource.StateSuspended)
			p.none("while it is suspended")
			p.toTheEnd("numbers", "out", 2)
			p.same("all it wrote", p.linesIn(filepath.Join(p.folder, "out")), countsOf(jarNumbers))
			p.removeAll("numbers")
		})
	}
}

// modest asks for so little that several TaskManagers find room on two nodes.
func modest(template map[string]any) {
	one, half := map[string]any{"cpu": 1, "memory": "1g"}, map[string]any{"cpu": 0.5, "memory": "1g"}
	template["resources"] = map[string]any{"jobmanager": one, "taskmanager": half}
}

// managers waits for so many TaskManagers made by Flink: one more than it needs
// goes after a while.
func (p programs) managers(n int, job string) {
	p.t.Helper()
	p.until(fmt.Sprintf("see %d TaskManagers of job %s", n, job), func() bool {
		all := p.pods("taskmanager")
		return len(all) == n && strings.HasPrefix(all[0], "job-"+job+"-taskmanager-1-")
	})
}

// TestNativeFlinkPodsOutliveTheirJobManager loses the JobManager of a job with
// high availability: the next one finds the TaskManagers that the first had made.
func TestNativeFlinkPodsOutliveTheirJobManager(t *testing.T) {
	p := newPrograms(t, flink.Newest)
	ha := filepath.Join(p.folder, "ha")
	if err := os.Mkdir(ha, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(ha, 0o777); err != nil {
		t.Fatal(err)
	}
	p.program("numbers", map[string]any{"execution.target": "kubernetes-application", "high-availability.type": "kubernetes", "high-availability.storageDir": "file://" + ha}, modest)
	job := p.settle("numbers", resource.StateRunning).Status.Running.JobID
	p.saving("numbers")
	killMain(t, p.namespace, p.mainPod())
	p.saving("numbers")
	lost := p.mainPod()
	p.deletePod(lost)
	p.until("see another JobManager", func() bool { return p.mainPod() != lost })
	p.saving("numbers")
	if d := p.get("numbers"); d.Status.Running.JobID != job || len(p.jobs("numbers")) != 1 {
		t.Errorf("after the JobManager was lost job %s runs, before %s; %d jobs", d.Status.Running.JobID, job, len(p.jobs("numbers")))
	}
	p.toTheEnd("numbers", "out", 2)
	p.same("all it wrote", p.linesIn(filepath.Join(p.folder, "out")), countsOf(jarNumbers))
	p.removeAll("numbers")
	if left := p.configMaps(); len(left) > 0 {
		t.Errorf("config maps of Flink's are left: %v", left)
	}
	p.untilNoneIn(ha, "")
}

// TestNativeFlinkSaysWhatKeepsItsPods has a quota that lets Flink make no
// TaskManager.
func TestNativeFlinkSaysWhatKeepsItsPods(t *testing.T) {
	p := newPlatform(t, namespace(t), "flink")
	if out, err := p.kubectl("create", "quota", "few", "--hard=pods=1"); err != nil {
		t.Fatal(out, err)
	}
	p.deploy(endlessSQL, 1, func(template map[string]any) {
		template["flinkConfiguration"] = map[string]any{"execution.target": "kubernetes-application"}
	})
	p.untilSaid("a TaskManager pod does not run", "the quota of the namespace is used up")
	if out, err := p.kubectl("delete", "quota", "few"); err != nil {
		t.Fatal(out, err)
	}
	p.settle("orders", resource.StateRunning)
	p.saving("orders")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.none("after it was cancelled")
	p.weir("delete", "deployment", "orders")
}
