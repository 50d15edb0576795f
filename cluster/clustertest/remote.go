package clustertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// Entry is one thing that somebody did to a Fake through its Handler.
type Entry struct {
	At   time.Time
	By   string // name of the Remote
	Call Call   // or the method of a request to a cluster
	Ref  cluster.Ref
	Path string // of a request to a cluster
	Body string // of a request to a cluster
	// Again: it was so already, as after an answer that was lost.
	Again bool
}

// Journal remembers what was done to a Fake, and what must never be: two
// clusters of one deployment whose jobs are both alive. It is safe for
// concurrent use.
type Journal struct {
	mu      sync.Mutex
	entries []Entry
	twice   []string
}

// Entries lists what was done, oldest first.
func (j *Journal) Entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Entry(nil), j.entries...)
}

// Twice lists the moments at which a deployment had two live jobs.
func (j *Journal) Twice() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.twice...)
}

func (j *Journal) add(e Entry, twice string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	if twice != "" {
		j.twice = append(j.twice, twice)
	}
}

// Handler lets other processes use the Fake through a Remote, so that they can
// be killed and the clusters go on. Launches come one at a time.
func (f *Fake) Handler(j *Journal) http.Handler {
	mux := http.NewServeMux()
	var launching sync.Mutex
	handle := func(call Call, do func(ctx context.Context, by string, body []byte) (any, error)) {
		mux.HandleFunc("POST /"+string(call), func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the caller was killed
			}
			// What arrived is done, even if the caller is no more.
			answer, err := do(context.WithoutCancel(r.Context()), r.Header.Get("X-By"), body)
			if err != nil {
				w.Header().Set("X-Error", kindOf(err))
				http.Error(w, err.Error(), http.StatusConflict)
				return
			}
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	handle(Launch, func(ctx context.Context, by string, body []byte) (any, error) {
		var spec cluster.Spec
		if err := json.Unmarshal(body, &spec); err != nil {
			return nil, err
		}
		launching.Lock()
		defer launching.Unlock()
		again, twice := f.Cluster(spec.Ref) != nil, ""
		if other := f.alive(spec.Ref); other != nil && !again {
			twice = fmt.Sprintf("job %s is launched while job %s of deployment %s is %s", spec.JobID, other.Spec.JobID, spec.DeploymentID, other.Status())
		}
		j.add(Entry{At: time.Now(), By: by, Call: Launch, Ref: spec.Ref, Again: again}, twice)
		return nil, f.Launch(ctx, spec)
	})
	ref := func(do func(context.Context, string, cluster.Ref) (any, error)) func(context.Context, string, []byte) (any, error) {
		return func(ctx context.Context, by string, body []byte) (any, error) {
			var ref cluster.Ref
			if err := json.Unmarshal(body, &ref); err != nil {
				return nil, err
			}
			return do(ctx, by, ref)
		}
	}
	handle(Observe, ref(func(ctx context.Context, _ string, ref cluster.Ref) (any, error) { return f.Observe(ctx, ref) }))
	handle(Connect, ref(func(ctx context.Context, _ string, ref cluster.Ref) (any, error) {
		_, err := f.Connect(ctx, ref)
		return nil, err
	}))
	handle(Terminate, ref(func(ctx context.Context, by string, ref cluster.Ref) (any, error) {
		j.add(Entry{At: time.Now(), By: by, Call: Terminate, Ref: ref, Again: f.Cluster(ref) == nil}, "")
		return nil, f.Terminate(ctx, ref)
	}))
	mux.HandleFunc("/flink/{namespace}/{deployment}/{job}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		ref := cluster.Ref{Namespace: r.PathValue("namespace"), DeploymentID: r.PathValue("deployment"), JobID: r.PathValue("job")}
		c := f.Cluster(ref)
		if c == nil {
			panic(http.ErrAbortHandler)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller was killed
		}
		if r.Method != http.MethodGet {
			j.add(Entry{At: time.Now(), By: r.Header.Get("X-By"), Call: Call(r.Method), Ref: ref, Path: r.PathValue("path"), Body: string(body)}, "")
		}
		inner := r.Clone(context.WithoutCancel(r.Context()))
		inner.Body = io.NopCloser(bytes.NewReader(body))
		inner.URL.Path, inner.URL.RawPath = "/"+r.PathValue("path"), ""
		c.ServeHTTP(w, inner)
	})
	return mux
}

// alive is another cluster of the same deployment whose job may still do
// something.
func (f *Fake) alive(ref cluster.Ref) *Cluster {
	for _, c := range f.Clusters() {
		if c.Spec.DeploymentID == ref.DeploymentID && c.Spec.Ref != ref && !c.Gone() && !c.Status().Terminal() {
			return c
		}
	}
	return nil
}

func kindOf(err error) string {
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			return name
		}
	}
	return ""
}

var kinds = map[string]error{"refused": cluster.ErrRefused, "unreachable": cluster.ErrUnreachable, "gone": cluster.ErrGone}

// Remote is a launcher whose clusters are those of a Fake in another process.
type Remote struct {
	URL  string // of the Fake's Handler
	Name string // who we are, for the journal
}

// Launch makes the cluster exist.
func (r Remote) Launch(ctx context.Context, spec cluster.Spec) error {
	return r.call(ctx, Launch, spec, nil)
}

// Observe says whether the cluster is there.
func (r Remote) Observe(ctx context.Context, ref cluster.Ref) (o cluster.Observation, err error) {
	err = r.call(ctx, Observe, ref, &o)
	return o, err
}

// Connect returns a client of the cluster.
func (r Remote) Connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	if err := r.call(ctx, Connect, ref, nil); err != nil {
		return nil, err
	}
	return flink.NewClient(signed(r.Name), strings.Join([]string{r.URL, "flink", ref.Namespace, ref.DeploymentID, ref.JobID}, "/")), nil
}

// Terminate removes the cluster; its snapshots stay.
func (r Remote) Terminate(ctx context.Context, ref cluster.Ref) error {
	return r.call(ctx, Terminate, ref, nil)
}

func (r Remote) call(ctx context.Context, call Call, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/"+string(call), bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := signed(r.Name).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	if answer.StatusCode != http.StatusOK {
		if kind := kinds[answer.Header.Get("X-Error")]; kind != nil {
			return fmt.Errorf("%s: %w: %s", call, kind, bytes.TrimSpace(text))
		}
		return fmt.Errorf("%s: %s", call, bytes.TrimSpace(text))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// signed sends requests that say by whom they are.
type signed string

// RoundTrip sends one request.
func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-By", string(s))
	return http.DefaultTransport.RoundTrip(r)
}
