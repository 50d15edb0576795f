package flink

import (
	"context"
	"fmt"
	"net/http"
)

// Requirements are what the adaptive scheduler tries to give the stages of a
// job, by their ids: GET and PUT /jobs/:id/resource-requirements.
type Requirements map[string]Requirement

// Requirement is that of one stage.
type Requirement struct {
	Parallelism Bounds `json:"parallelism"`
}

// Bounds are the least and the most tasks of a stage.
type Bounds struct {
	LowerBound int `json:"lowerBound"`
	UpperBound int `json:"upperBound"`
}

// Requirements reads what a job of the adaptive scheduler is to have.
func (c *Client) Requirements(ctx context.Context, jobID string) (Requirements, error) {
	return get[Requirements](ctx, c, jobPath(jobID, "resource-requirements"))
}

// Rescale tells the adaptive scheduler to run a job at another parallelism as
// soon as there are slots for it. Stages that had less than the others keep what
// they had, such as those that cannot run in parallel; none gets more than its
// state can be divided into. Another scheduler refuses it.
func (c *Client) Rescale(ctx context.Context, jobID string, parallelism int) error {
	now, err := c.Requirements(ctx, jobID)
	if err != nil {
		return err
	}
	job, err := c.Job(ctx, jobID)
	if err != nil {
		return err
	}
	for _, v := range job.Vertices {
		if r, found := now[v.ID]; found && r.Parallelism.UpperBound == now.Most() && v.MaxParallelism > 0 && v.MaxParallelism < parallelism && v.MaxParallelism > 1 {
			return &Error{Status: http.StatusBadRequest, Messages: []string{fmt.Sprintf("stage %q can have %d tasks at most", v.Name, v.MaxParallelism)}}
		}
	}
	return c.do(ctx, http.MethodPut, jobPath(jobID, "resource-requirements"), now.at(parallelism, job), nil)
}

// Most is what the stage with the most tasks is to have.
func (r Requirements) Most() int {
	most := 0
	for _, v := range r {
		most = max(most, v.Parallelism.UpperBound)
	}
	return most
}

// at is what a job is to have at another parallelism.
func (r Requirements) at(parallelism int, job JobDetails) Requirements {
	out := Requirements{}
	alone := map[string]bool{} // stages that cannot run in parallel
	for _, v := range job.Vertices {
		alone[v.ID] = v.MaxParallelism == 1
	}
	for id, v := range r {
		if v.Parallelism.UpperBound == r.Most() && !alone[id] {
			v.Parallelism = Bounds{LowerBound: 1, UpperBound: parallelism}
		}
		out[id] = v
	}
	return out
}
