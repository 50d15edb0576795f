package flinkrest

import (
	"regexp"
	"testing"
	"time"

	"github.com/weir-streams/weir/flink/flinktest"
)

func TestFlinktestAnswersAsFlink(t *testing.T) {
	const id = "8ff098007297c8814c7538f4566ad770"
	served := regexp.MustCompile(`^(GET|POST|PATCH|DELETE) (/nosuch|/overview|/config|/cluster|/jobmanager/config|/jobs|/jobs/overview|/jobs/[0-9a-z]{3,32}(\?mode=.*)?|/jobs/[^/]+/(status|plan|config|exceptions(\?.*)?|execution-result|checkpoints|checkpoints/config|savepoints.*|stop))$`)
	skip := func(e exchange) bool {
		return e.Path == "/jobs/metrics" || !served.MatchString(e.Method+" "+e.Path) || e.Method == "POST" && regexp.MustCompile("checkpoints$").MatchString(e.Path)
	}
	replay(t, func(t *testing.T, label string) subject {
		o := flinktest.Options{JobID: id, Configuration: map[string]string{"execution.checkpointing.interval": "1 s", "x": "y"}}
		if label == "failed" {
			o.Broken = "java.lang.ArithmeticException: / by zero"
		}
		if label == "finished" {
			o.Bound = 3000
		}
		m := flinktest.New(o)
		if label != "starting" {
			m.Advance(10 * time.Second)
		}
		return subject{handler: m, jobID: id, vertices: []string{"cbc357ccb763df2852fee8c4fc7d55f2", "f6dc7f4d2283f4605b127b9364e21148"}}
	}, []difference{
		{label: "failed", path: "GET /jobs/:id/exceptions", diff: "concurrentExceptions: missing", reason: "the job fails as a whole, no task does"},
		{label: "failed", path: "GET /jobs/:id(/plan)?$", diff: "inputs: not in", reason: "the recorded job has one stage, this one two"},
	}, skip)
}
