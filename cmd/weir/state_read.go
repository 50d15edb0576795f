package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/resource"
)

// savepointReader looks into savepoints for the API.
type savepointReader struct{}

// Operators lists what a savepoint holds.
func (savepointReader) Operators(_ context.Context, location string) (resource.SavepointContents, error) {
	m, err := openState(location)
	if err != nil {
		return resource.SavepointContents{}, err
	}
	s := resource.SavepointContents{Kind: resource.KindSavepointContents, Location: location, Operators: []resource.StateOperator{}}
	for _, op := range m.Operators() {
		s.Operators = append(s.Operators, stateOperator(op))
	}
	return s, nil
}

// Rows reads rows of one table until it has enough of them or ctx ends.
func (savepointReader) Rows(ctx context.Context, location string, q resource.StateQuery) (resource.StateRows, error) {
	var none resource.StateRows
	m, err := openState(location)
	if err != nil {
		return none, err
	}
	op, err := operatorOf(m.Operators(), q.Operator)
	if err != nil {
		return none, err
	}
	shape, err := tableOf(op, q.Table)
	if err != nil {
		return none, err
	}
	conditions := make([]condition, 0, len(q.Where))
	for _, c := range q.Where {
		i := slices.IndexFunc(shape.Schema, func(d data.Column) bool { return d.Name == c.Column })
		if i < 0 {
			return none, resource.Invalidf("where", "table %s has no column %q; it has %s", shape.Name, c.Column, columnNames(shape))
		}
		conditions = append(conditions, condition{i, c.Text})
	}
	t := stateTable(op, shape)
	out := resource.StateRows{
		Kind: resource.KindStateRows, Operator: op.UID, Name: op.Name, Table: shape.Name, Keys: t.Keys, Columns: t.Columns, Rows: [][]*string{},
	}
	p, err := newPrinter(io.Discard, runOptions{output: "json"})
	if err != nil {
		return none, err
	}
	err = eachStateRow(m, op, shape, conditions, &p, func(b *data.Batch) error {
		if len(out.Rows) == q.Limit {
			return errLimitReached
		}
		out.Rows = append(out.Rows, p.row(b.Cols, 0))
		return nil
	}, func() error {
		out.Scanned++
		if out.Scanned%1024 == 0 && ctx.Err() != nil {
			return errLimitReached
		}
		return nil
	})
	if out.More = errors.Is(err, errLimitReached); err != nil && !out.More {
		return none, err
	}
	return out, nil
}

// openState opens a savepoint of weir's engine.
func openState(location string) (*checkpoint.Manifest, error) {
	if path, err := storage.LocalPath(location); err == nil {
		if filepath.Base(path) == metadataFile {
			path = filepath.Dir(path)
		}
		head, err := headOf(filepath.Join(path, metadataFile))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("the data of the savepoint at %s: %w", location, resource.ErrNotFound)
		case err == nil && head == string(flinkMagic):
			return nil, resource.Invalidf("savepoint", "is of Apache Flink; rows can be read of savepoints that weir's engine took")
		}
	}
	return checkpoint.Open(location)
}

func headOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, len(flinkMagic))
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(head[:n]), err
}

// operatorOf finds one operator by its uid or name, or the beginning of it.
func operatorOf(ops []checkpoint.Operator, name string) (checkpoint.Operator, error) {
	f := stateFlags{operator: name}
	op, err := f.find(ops)
	if err != nil {
		return op, resource.Invalidf("operator", "%s", strings.TrimPrefix(err.Error(), "--operator "))
	}
	return op, nil
}

// tableOf finds a table of an operator; without a name its first.
func tableOf(op checkpoint.Operator, name string) (checkpoint.Shape, error) {
	if len(op.Keyed) == 0 {
		return checkpoint.Shape{}, resource.Invalidf("operator", "%s keeps nothing by key", op.Name)
	}
	if name == "" {
		return op.Keyed[0], nil
	}
	var names []string
	for _, k := range op.Keyed {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return checkpoint.Shape{}, resource.Invalidf("table", "operator %s has no table %q; it has %s", op.Name, name, strings.Join(names, ", "))
}

func columnNames(k checkpoint.Shape) string {
	var names []string
	for _, c := range k.Schema {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func stateOperator(op checkpoint.Operator) resource.StateOperator {
	o := resource.StateOperator{
		UID: op.UID, Name: op.Name, Parallelism: op.Parallelism, Bytes: op.Bytes, Layers: op.Layers, Items: op.Items, Tables: []resource.StateTable{},
	}
	for _, k := range op.Keyed {
		o.Tables = append(o.Tables, stateTable(op, k))
	}
	return o
}

func stateTable(op checkpoint.Operator, k checkpoint.Shape) resource.StateTable {
	t := resource.StateTable{Name: k.Name, Rows: k.Rows, Exact: op.Layers <= 1, Keys: []string{}, Columns: []resource.StateColumn{}}
	for i, c := range k.Schema {
		t.Columns = append(t.Columns, resource.StateColumn{Name: c.Name, Type: c.Type.String()})
		if i < k.Keys {
			t.Keys = append(t.Keys, c.Name)
		}
	}
	return t
}

// eachStateRow calls found with each row that meets the conditions, as a batch
// of one, and looked with each row at all. p writes values as text.
func eachStateRow(m *checkpoint.Manifest, op checkpoint.Operator, k checkpoint.Shape, conditions []condition, p *printer, found func(*data.Batch) error, looked func() error) error {
	r, err := m.Reader(op.UID, 0, 1)
	if err != nil {
		return err
	}
	b := data.NewBatch(0)
	defer func() { b.Release() }()
	n := 0
	return r.EachRow(k.Name, func(schema []data.Column, _ int, row []byte) error {
		if n++; n%data.BatchSize == 1 { // with its strings so far
			b.Release()
			var types []data.Type
			for _, c := range schema {
				types = append(types, c.Type)
			}
			b = data.MakeBatch(types, 1)
		}
		if err := looked(); err != nil {
			return err
		}
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		for _, c := range conditions {
			if b.Cols[c.column].IsNull(0) != (c.text == nullText) {
				return nil
			}
			if text := p.row(b.Cols[c.column:c.column+1], 0)[0]; text != nil && *text != c.text {
				return nil
			}
		}
		return found(b)
	})
}

// jobLogs finds the logs that launchers keep of clusters that are gone.
type jobLogs struct{ clusters *control.Clusters }

// Kept is the log of an ended job.
func (l jobLogs) Kept(ctx context.Context, job resource.Job) (io.ReadCloser, error) {
	text, err := l.clusters.KeptLog(ctx, job)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the log of job %s; the newest 200 of each launcher are kept: %w", job.Metadata.ID, resource.ErrNotFound)
	}
	return text, err
}
