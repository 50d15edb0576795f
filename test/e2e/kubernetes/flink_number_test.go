package kubernetes_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
)

// TestUpgradeOnFlinkPodsAgainstByHand measures how long it takes from the wish
// for another parallelism until all tasks of the new job run, by the platform
// and by hand: stop with a savepoint, delete the objects, apply the same ones
// again with the new parallelism and the savepoint. It prints both medians, and
// wants the platform's within 1.3 times the other; it runs when
// WEIR_KUBERNETES_NUMBERS says how many rounds, as make bench-kubernetes does, on a machine
// that does nothing else.
func TestUpgradeOnFlinkPodsAgainstByHand(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("WEIR_KUBERNETES_NUMBERS"))
	if rounds < 1 {
		t.Skip("a part of make bench-kubernetes")
	}
	p := newPlatform(t, namespace(t), "flink")
	p.deploy(endlessSQL, 2)
	d := p.settle("orders", resource.StateRunning)
	h := byHand{p: p, id: d.Status.Running.JobID, objects: p.objectsOf(d.Status.Running.JobID)}
	h.processing(h.id, p.podIP("job-"+h.id+"-jobmanager"))

	var ours, hands []time.Duration
	parallelism := 2
	for range rounds {
		before := p.get("orders").Status.Running.JobID
		parallelism = 5 - parallelism // 3, 2, 3
		began := time.Now()
		p.patchTemplate("orders", map[string]any{"parallelism": parallelism})
		d := p.runs("orders", before)
		h.processing(d.Status.Running.JobID, p.podIP("job-"+d.Status.Running.JobID+"-jobmanager"))
		ours = append(ours, time.Since(began))
		t.Logf("platform, parallelism %d: %s", parallelism, ours[len(ours)-1].Round(10*time.Millisecond))
	}
	p.removeAll("orders")

	h.apply("", 2)
	parallelism = 2
	for range rounds {
		parallelism = 5 - parallelism
		began := time.Now()
		location := h.stop()
		h.delete()
		h.apply(location, parallelism)
		hands = append(hands, time.Since(began))
		t.Logf("by hand, parallelism %d: %s", parallelism, hands[len(hands)-1].Round(10*time.Millisecond))
	}
	h.delete()
	a, b := median(ours), median(hands)
	ratio := a.Seconds() / b.Seconds()
	fmt.Printf("from PATCH to the new job processing on Flink pods: median %.2f s of %d, by hand %.2f s: ratio %.2f\n", a.Seconds(), rounds, b.Seconds(), ratio)
	if ratio > 1.3 {
		t.Errorf("the platform takes %.2f times as long as the same steps by hand, want at most 1.3", ratio)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// byHand is somebody with kubectl and curl, who has the objects of a job.
type byHand struct {
	p       *platform
	id      string // of the job
	n       int
	objects []byte // a List, of job id
}

// objectsOf are those of a job that are to be applied, without what Kubernetes
// adds to them, and as nobody's.
func (p *platform) objectsOf(job string) []byte {
	p.t.Helper()
	out, err := p.kubectl("get", "secrets,services,deployments,pods", "-l", "weir.io/job="+job, "-o", "json")
	if err != nil {
		p.t.Fatal(out, err)
	}
	var list map[string]any
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		p.t.Fatal(err)
	}
	var kept []any
	for _, item := range list["items"].([]any) {
		o := item.(map[string]any)
		meta := o["metadata"].(map[string]any)
		if owners, _ := meta["ownerReferences"].([]any); len(owners) > 0 && owners[0].(map[string]any)["kind"] == "ReplicaSet" {
			continue // the Deployment makes it
		}
		for _, k := range []string{"ownerReferences", "uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "annotations"} {
			delete(meta, k)
		}
		delete(o, "status")
		if spec, _ := o["spec"].(map[string]any); o["kind"] == "Pod" {
			delete(spec, "nodeName")
			delete(spec, "priority")
			delete(spec, "tolerations")
		}
		kept = append(kept, o)
	}
	b, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": kept})
	if err != nil {
		p.t.Fatal(err)
	}
	// The platform is not to take them for its own.
	return bytes.ReplaceAll(b, []byte(`"app.kubernetes.io/managed-by":"weir"`), []byte(`"app.kubernetes.io/managed-by":"hand"`))
}

// apply makes the objects of another job, which begins from a savepoint, and
// waits until it processes.
func (h *byHand) apply(savepoint string, parallelism int) {
	t := h.p.t
	t.Helper()
	h.n++
	old := h.id
	next := old[:len(old)-12] + fmt.Sprintf("%012x", h.n)
	renamed := func(b []byte) []byte {
		for from, to := range map[string]string{old: next, undashed(old): undashed(next)} {
			b = bytes.ReplaceAll(b, []byte(from), []byte(to))
		}
		return b
	}
	var list map[string]any
	if err := json.Unmarshal(renamed(h.objects), &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list["items"].([]any) {
		o := item.(map[string]any)
		if o["kind"] != "Secret" {
			continue
		}
		data := o["data"].(map[string]any)
		text, err := base64.StdEncoding.DecodeString(data["spec.json"].(string))
		var spec map[string]any
		if err == nil {
			err = json.Unmarshal(renamed(text), &spec)
		}
		if err != nil {
			t.Fatal(err)
		}
		spec["Parallelism"], spec["SavepointLocation"] = parallelism, savepoint
		if text, err = json.Marshal(spec); err != nil {
			t.Fatal(err)
		}
		data["spec.json"] = base64.StdEncoding.EncodeToString(text)
	}
	b, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "job.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := h.p.kubectl("apply", "-f", file); err != nil {
		t.Fatal(out, err)
	}
	h.objects, h.id = b, next
	h.processing(h.id, h.p.podIP("job-"+h.id+"-jobmanager"))
}

func undashed(id string) string { return strings.ReplaceAll(id, "-", "") }

// stop ends the job with a savepoint.
func (h *byHand) stop() (location string) {
	t := h.p.t
	t.Helper()
	base := "http://" + h.p.podIP("job-"+h.id+"-jobmanager") + ":8081/jobs/" + undashed(h.id)
	body := fmt.Sprintf(`{"targetDirectory":"file://%s","drain":false}`, filepath.Join(h.p.folder, "state", "by-hand"))
	r, err := http.Post(base+"/stop", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var trigger struct {
		ID string `json:"request-id"`
	}
	err = json.NewDecoder(r.Body).Decode(&trigger)
	r.Body.Close()
	if err != nil || trigger.ID == "" {
		t.Fatalf("stop with savepoint: %s, %v", r.Status, err)
	}
	h.p.until("see the savepoint completed", func() bool {
		var s struct {
			Status struct {
				ID string `json:"id"`
			} `json:"status"`
			Operation struct {
				Location string `json:"location"`
				Cause    any    `json:"failure-cause"`
			} `json:"operation"`
		}
		if err := getJSON(base+"/savepoints/"+trigger.ID, &s); err != nil || s.Operation.Cause != nil {
			t.Fatalf("savepoint: %v %v", err, s.Operation.Cause)
		}
		location = s.Operation.Location
		return s.Status.ID == "COMPLETED"
	})
	return location
}

// delete removes the objects of the job and waits until they are gone.
func (h *byHand) delete() {
	h.p.t.Helper()
	if out, err := h.p.kubectl("delete", "deployments,pods,services,secrets", "-l", "weir.io/job="+h.id); err != nil {
		h.p.t.Fatal(out, err)
	}
}

// processing waits until all tasks of a job run.
func (h *byHand) processing(job, ip string) {
	h.p.t.Helper()
	h.p.until("see all tasks run", func() bool {
		var s struct {
			State    string `json:"state"`
			Vertices []struct {
				Status string `json:"status"`
			} `json:"vertices"`
		}
		if err := getJSON("http://"+ip+":8081/jobs/"+undashed(job), &s); err != nil || s.State != "RUNNING" || len(s.Vertices) == 0 {
			return false
		}
		return !slices.ContainsFunc(s.Vertices, func(v struct {
			Status string `json:"status"`
		},
		) bool {
			return v.Status != "RUNNING"
		})
	})
}

// podIP waits for the address of a pod.
func (p *platform) podIP(pod string) (ip string) {
	p.t.Helper()
	p.until("know the address of pod "+pod, func() bool {
		out, err := p.kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")
		ip = out
		return err == nil && ip != ""
	})
	return ip
}

func getJSON(url string, into any) error {
	r, err := http.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, r.Status)
	}
	return json.NewDecoder(r.Body).Decode(into)
}
