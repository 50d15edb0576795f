package flink

import (
	"context"
	"net/url"
	"strings"
)

// Aggregate is one metric over all tasks of a vertex. NaN is what a task says
// that does not measure it.
type Aggregate struct {
	ID  string `json:"id"`
	Min Number `json:"min"`
	Max Number `json:"max"`
	Avg Number `json:"avg"`
	Sum Number `json:"sum"`
}

// TaskMetrics asks for metrics of the tasks of a vertex, aggregated. What no
// task has is not in the answer.
func (c *Client) TaskMetrics(ctx context.Context, jobID, vertexID string, names ...string) (map[string]Aggregate, error) {
	query := "/subtasks/metrics?get=" + url.QueryEscape(strings.Join(names, ",")) + "&agg=min,max,avg,sum"
	all, err := get[[]Aggregate](ctx, c, jobPath(jobID, "vertices", vertexID)+query)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Aggregate, len(all))
	for _, a := range all {
		byName[a.ID] = a
	}
	return byName, nil
}
