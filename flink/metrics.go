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

// TaskMetricNames lists the metrics that the tasks of a vertex have, those of
// the operators of its chain among them: "<operator>.numRecordsIn".
func (c *Client) TaskMetricNames(ctx context.Context, jobID, vertexID string) ([]string, error) {
	all, err := get[[]Aggregate](ctx, c, jobPath(jobID, "vertices", vertexID)+"/subtasks/metrics")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.ID
	}
	return names, nil
}

// TaskManagerMetrics asks for metrics of all TaskManagers, aggregated. What none
// has is not in the answer.
func (c *Client) TaskManagerMetrics(ctx context.Context, names ...string) (map[string]Aggregate, error) {
	all, err := get[[]Aggregate](ctx, c, "/taskmanagers/metrics?get="+url.QueryEscape(strings.Join(names, ","))+"&agg=min,max,avg,sum")
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Aggregate, len(all))
	for _, a := range all {
		byName[a.ID] = a
	}
	return byName, nil
}

// JobMetrics asks for metrics of a job. What it does not have is not in the answer.
func (c *Client) JobMetrics(ctx context.Context, jobID string, names ...string) (map[string]Number, error) {
	all, err := get[[]struct {
		ID    string `json:"id"`
		Value Number `json:"value"`
	}](ctx, c, jobPath(jobID, "metrics")+"?get="+url.QueryEscape(strings.Join(names, ",")))
	if err != nil {
		return nil, err
	}
	byName := make(map[string]Number, len(all))
	for _, a := range all {
		byName[a.ID] = a.Value
	}
	return byName, nil
}
