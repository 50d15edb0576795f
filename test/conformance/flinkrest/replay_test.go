package flinkrest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/flink"
)

type exchange struct {
	Label, Method, Path string
	Body                json.RawMessage
	Status              int
	Response            any
}

func recording(t *testing.T, version string) []exchange {
	t.Helper()
	f, err := os.Open("testdata/flink-" + version + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []exchange
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// subject is a JobManager with one job, in the situation of a label.
type subject struct {
	handler  http.Handler
	jobID    string
	vertices []string // the recorded jobs have two
	// taskManager is the id of its only TaskManager; empty: that of our engine.
	taskManager string
	storage     string // in place of the recorded folder of savepoints; empty: the same
	settle      func() // waits for the end of a job that was asked to end; may be nil
}

// difference is one that is meant.
type difference struct {
	label  string // empty: all
	path   string // regular expression on "METHOD path", ids as :id
	diff   string // regular expression on the difference
	reason string
	chance bool // it need not occur
}

var ids = regexp.MustCompile(`[0-9a-f]{32}`)

const noJob = "00000000000000000000000000000000"

// replay sends the recorded requests of each label to a fresh subject and
// compares. The order within a label is kept.
func replay(t *testing.T, newSubject func(t *testing.T, label string) subject, meant []difference, skip func(exchange) bool) {
	t.Helper()
	replayOf(t, "2.3.0", newSubject, meant, skip)
}

// replayOf does it with the recording of a version.
func replayOf(t *testing.T, version string, newSubject func(t *testing.T, label string) subject, meant []difference, skip func(exchange) bool) {
	t.Helper()
	used := make([]bool, len(meant))
	compared := 0
	subjects := map[string]*conversation{}
	for i, e := range recording(t, version) {
		if skip(e) {
			continue
		}
		c := subjects[e.Label]
		if c == nil {
			c = &conversation{subject: newSubject(t, e.Label), known: map[string]string{}}
			subjects[e.Label] = c
		}
		status, got, err := c.send(e)
		name := fmt.Sprintf("%d %s %s %s", i+1, e.Label, e.Method, e.Path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compared++
		if c.settle != nil && status == http.StatusAccepted && e.Label != "errors" && (e.Method == http.MethodPatch || strings.HasSuffix(e.Path, "/stop")) {
			c.settle()
		}
		diffs := compare("", e.Response, got)
		if status != e.Status {
			diffs = append([]string{fmt.Sprintf("status %d, want %d", status, e.Status)}, diffs...)
		}
		where := e.Method + " " + ids.ReplaceAllString(e.Path, ":id")
		slices.Sort(diffs)
		for _, d := range slices.Compact(diffs) {
			allowed := false
			for j, m := range meant {
				if (m.label == "" || m.label == e.Label) && regexp.MustCompile(m.path).MatchString(where) && regexp.MustCompile(m.diff).MatchString(d) {
					used[j], allowed = true, true
				}
			}
			if !allowed {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
	for j, m := range meant {
		if !used[j] && !m.chance {
			t.Errorf("the difference %s %s %s is listed, but does not occur", m.label, m.path, m.diff)
		}
	}
	t.Logf("%d answers compared, %d differences are meant", compared, len(meant))
}

// conversation maps the recorded ids to the subject's.
type conversation struct {
	subject
	known map[string]string
}

func (c *conversation) send(e exchange) (int, any, error) {
	path := ids.ReplaceAllStringFunc(e.Path, func(id string) string {
		switch {
		case id == noJob:
			return id
		case id == "cbc357ccb763df2852fee8c4fc7d55f2":
			return c.vertices[0]
		case id == "f6dc7f4d2283f4605b127b9364e21148":
			return c.vertices[1]
		case c.known[id] != "":
			return c.known[id]
		case strings.Contains(e.Path, "/jobs/"+id), strings.Contains(e.Path, "/applications/"+id):
			return c.jobID
		}
		return id
	})
	path = strings.ReplaceAll(path, "rec2.3.0-tm", cmp.Or(c.taskManager, "weir-engine"))
	if c.storage != "" {
		e.Body = json.RawMessage(strings.ReplaceAll(string(e.Body), "file:///data/rec2.3.0/sp", c.storage))
	}
	var body io.Reader
	switch {
	case string(e.Body) != "null" && len(e.Body) > 0:
		body = bytes.NewReader(e.Body)
	case e.Method == http.MethodPost:
		body = strings.NewReader("{this is no JSON")
	default:
		body = strings.NewReader("{}") // as Flink's own clients do, also with GET
	}
	prefix := ""
	if len(path)%2 == 0 {
		prefix = "/v1"
	}
	req, err := http.NewRequest(e.Method, "http://flink"+prefix+path, body)
	if err != nil {
		return 0, nil, err
	}
	res, err := flink.InProcess(c.handler).RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err
	}
	var got any
	if err := json.Unmarshal(b, &got); err != nil {
		return 0, nil, fmt.Errorf("answer is no JSON: %.200s", b)
	}
	c.learn(e, got)
	return res.StatusCode, got, nil
}

// learn remembers ids that the subject chose itself.
func (c *conversation) learn(e exchange, got any) {
	recorded, _ := e.Response.(map[string]any)
	ours, _ := got.(map[string]any)
	r, ok1 := recorded["request-id"].(string)
	o, ok2 := ours["request-id"].(string)
	if ok1 && ok2 {
		c.known[r] = o
	}
}
