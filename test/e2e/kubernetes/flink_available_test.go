package kubernetes_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkPodsOutliveTheirJobManager loses the JobManager of a job with high
// availability: the same job goes on from what config maps keep. When no
// JobManager can come any more, another job goes on from the last state. In the
// end nothing of Flink's is left: no config map, no file.
func TestFlinkPodsOutliveTheirJobManager(t *testing.T) {
	p := newPrograms(t, flink.Newest)
	ha := filepath.Join(p.folder, "ha")
	if err := os.Mkdir(ha, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(ha, 0o777); err != nil {
		t.Fatal(err)
	}
	p.program("numbers", map[string]any{"high-availability.type": "kubernetes", "high-availability.storageDir": "file://" + ha})
	d := p.settle("numbers", resource.StateRunning)
	p.saving("numbers")
	job := d.Status.Running.JobID
	if len(p.configMaps()) == 0 || len(filesIn(t, ha)) == 0 {
		t.Errorf("high availability keeps config maps %v and files %v", p.configMaps(), filesIn(t, ha))
	}

	lost := p.mainPod()
	p.deletePod(lost)
	p.until("see another JobManager", func() bool { return p.mainPod() != lost })
	p.saving("numbers")
	killMain(t, p.namespace, p.mainPod())
	p.saving("numbers")
	if d = p.get("numbers"); d.Status.Running.JobID != job || len(p.jobs("numbers")) != 1 {
		t.Errorf("after the JobManager was lost job %s runs, before %s; %d jobs", d.Status.Running.JobID, job, len(p.jobs("numbers")))
	}

	// A JobManager that never comes again gives no savepoint.
	if out, err := p.kubectl("set", "image", "deployment/job-"+job+"-jobmanager", "flink-jobmanager=weir.local/nosuch:1"); err != nil {
		t.Fatal(out, err)
	}
	p.until("see the JobManager gone", func() bool {
		out, err := p.kubectl("get", "pods", "-l", "weir.io/component=jobmanager", "--field-selector", "status.phase=Running", "-o", "name")
		return err == nil && out == ""
	})
	saved := p.job(p.get("numbers")).Status.LatestCheckpoint.Location
	p.patchTemplate("numbers", map[string]any{"parallelism": 3})
	d = p.runs("numbers", job)
	if j := p.job(d); j.Spec.Parallelism != 3 || !strings.Contains(j.Spec.SavepointLocation, "/chk-") || saved == "" {
		t.Errorf("after its JobManager could not come again it runs at parallelism %d from %q; the last checkpoint seen was %s", j.Spec.Parallelism, j.Spec.SavepointLocation, saved)
	}
	p.saving("numbers")
	p.toTheEnd("numbers", "out", 2)
	p.same("all it wrote", p.linesIn(filepath.Join(p.folder, "out")), countsOf(jarNumbers))
	p.removeAll("numbers")
	if left := p.configMaps(); len(left) > 0 {
		t.Errorf("config maps of Flink's are left: %v", left)
	}
	// The cluster whose JobManager could not come again left what it kept.
	p.untilNoneIn(ha, job)
}

// configMaps are those of Flink's high availability.
func (p *platform) configMaps() []string {
	p.t.Helper()
	out, err := p.kubectl("get", "configmaps", "-l", "type=flink-native-kubernetes", "-o", "name")
	if err != nil {
		p.t.Fatal(out, err)
	}
	return strings.Fields(out)
}

// filesIn are all files below a folder.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return nil // somebody takes them away meanwhile
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// untilNoneIn waits until no file is in a folder but those whose path has a word
// in it, if one is given.
func (p *platform) untilNoneIn(folder, but string) {
	p.t.Helper()
	var left []string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("left: %v", left)
		}
	}()
	p.until("see no files in "+folder, func() bool {
		left = slices.DeleteFunc(filesIn(p.t, folder), func(path string) bool { return but != "" && strings.Contains(path, but) })
		return len(left) == 0
	})
}
