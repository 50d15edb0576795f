package flink

import "context"

// Tables are what an SQL job reads and writes. Only our own engine tells;
// Flink answers 404.
type Tables struct {
	Sources []Table `json:"sources"`
	Sinks   []Table `json:"sinks"`
}

// Table is a table of a catalog.
type Table struct {
	Catalog   string   `json:"catalog"`
	Database  string   `json:"database"`
	Name      string   `json:"name"`
	Connector string   `json:"connector"`
	Columns   []Column `json:"columns"`
}

// Column is a column and its SQL type.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Tables lists the tables of the job.
func (c *Client) Tables(ctx context.Context, jobID string) (Tables, error) {
	return get[Tables](ctx, c, jobPath(jobID, "weir", "tables"))
}
