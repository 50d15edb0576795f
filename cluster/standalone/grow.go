package standalone

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/weir-streams/weir/flink"
)

// maxTaskManagers bounds how many a running job can make us start.
const maxTaskManagers = 256

// wanted is how many TaskManagers are to run, and what tells that it is more.
func (c *Cluster) wanted() (n int, more <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.hands, c.plan.taskManagers), c.more
}

// grow starts TaskManagers for so many slots. Those there are stay, also when
// fewer would do: which of them a job can do without, only Flink knows.
func (c *Cluster) grow(slots int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	each, err := strconv.Atoi(c.plan.config["taskmanager.numberOfTaskSlots"])
	if err != nil || each < 1 {
		return fmt.Errorf("taskmanager.numberOfTaskSlots is %q", c.plan.config["taskmanager.numberOfTaskSlots"])
	}
	n := (slots + each - 1) / each
	if n > maxTaskManagers {
		return fmt.Errorf("%d tasks need %d TaskManagers of %d slots; this cluster starts %d at most", slots, n, each, maxTaskManagers)
	}
	if n > max(c.hands, c.plan.taskManagers) {
		c.config.Log.Info("starting TaskManagers for a higher parallelism", "taskmanagers", n, "slots", n*each)
		c.hands = n
		close(c.more)
		c.more = make(chan struct{})
	}
	return nil
}

// serveRequirements lets Flink decide about another parallelism of a job, and
// brings what it needs then. On a session cluster all jobs have the slots there are.
func (c *Cluster) serveRequirements(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSpec))
	if err != nil {
		sayNo(w, http.StatusRequestEntityTooLarge, fmt.Errorf("read what the job is to have: %w", err))
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	answer := &firstLine{ResponseWriter: w}
	proxy.ServeHTTP(answer, r)
	var want flink.Requirements
	if answer.status >= 300 || c.config.Spec.IsSession() || json.Unmarshal(b, &want) != nil {
		return
	}
	if err := c.grow(want.Most()); err != nil {
		c.config.Log.Warn("there are no more TaskManagers for a higher parallelism", "error", err)
	}
}

// firstLine remembers the status of an answer.
type firstLine struct {
	http.ResponseWriter
	status int
}

func (f *firstLine) WriteHeader(status int) {
	f.status = status
	f.ResponseWriter.WriteHeader(status)
}
