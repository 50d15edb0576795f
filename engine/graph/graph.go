// Package graph is the dataflow as plain data: what the SQL front end ends in
// and the runtime begins with. It can be printed, compared and serialised, and
// says nothing of goroutines, buffers or files.
package graph

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// Graph is one job.
type Graph struct {
	Vertices []Vertex `json:"vertices"` // in topological order: inputs come before users
	// Functions are the users' functions that expressions call.
	Functions []Function `json:"functions,omitempty"`
}

// Vertex is a chain of operators that run in one task, in parallel subtasks.
type Vertex struct {
	ID     string `json:"id"`   // 32 hex digits, the same for the same plan
	Name   string `json:"name"` // for people: "Source: flights -> Calc -> Window"
	Inputs []Edge `json:"inputs,omitzero"`
	Ops    []Op   `json:"ops"`
	// Parallelism fixes the number of subtasks; 0 follows the job. 1 is used
	// where rows must meet in one place.
	Parallelism int `json:"parallelism,omitzero"`
}

// Edge connects the last operator of a vertex to the first of another.
type Edge struct {
	From         int          `json:"from"` // index of the vertex
	Partitioning Partitioning `json:"partitioning"`
	Keys         []int        `json:"keys,omitzero"` // HASH: columns
}

// Partitioning says which subtask a row goes to.
type Partitioning string

// The partitionings.
const (
	Forward   Partitioning = "FORWARD"   // subtask i to subtask i; equal parallelism
	Hash      Partitioning = "HASH"      // by key group of Keys
	Rebalance Partitioning = "REBALANCE" // evenly, whole batches
	Broadcast Partitioning = "BROADCAST" // to every one
	Global    Partitioning = "GLOBAL"    // to subtask 0
)

// Op is one operator. Exactly one of the pointers is set.
type Op struct {
	// UID names the operator within its job for state: it depends on the meaning
	// of the operator and of everything before it, not on what comes after. State
	// in a savepoint belongs to a UID. Empty for operators without state.
	UID    string        `json:"uid,omitzero"`
	Name   string        `json:"name"`   // for people: "GroupAggregate[3]"
	Detail string        `json:"detail"` // for people: one line of what it does, in SQL words
	Schema []data.Column `json:"schema"` // of the rows it gives
	Modes  Modes         `json:"modes"`  // of the changelog it gives

	Source          *Source          `json:"source,omitempty"`
	Values          *Values          `json:"values,omitempty"`
	Watermark       *Watermark       `json:"watermark,omitempty"`
	Calc            *Calc            `json:"calc,omitempty"`
	Union           *Union           `json:"union,omitempty"`
	WindowAssign    *WindowAssign    `json:"windowAssign,omitempty"`
	GroupAggregate  *GroupAggregate  `json:"groupAggregate,omitempty"`
	WindowAggregate *WindowAggregate `json:"windowAggregate,omitempty"`
	Join            *Join            `json:"join,omitempty"`
	MultiJoin       *MultiJoin       `json:"multiJoin,omitempty"`
	WindowJoin      *WindowJoin      `json:"windowJoin,omitempty"`
	TopN            *TopN            `json:"topN,omitempty"`
	Limit           *Limit           `json:"limit,omitempty"`
	Over            *Over            `json:"over,omitempty"`
	Unnest          *Unnest          `json:"unnest,omitempty"`
	Match           *Match           `json:"match,omitempty"`
	Temporal        *Temporal        `json:"temporal,omitempty"`
	IntervalJoin    *IntervalJoin    `json:"intervalJoin,omitempty"`
	LookupJoin      *LookupJoin      `json:"lookupJoin,omitempty"`
	Sort            *Sort            `json:"sort,omitempty"`
	Normalize       *Normalize       `json:"normalize,omitempty"`
	Changelog       *Changelog       `json:"changelog,omitempty"`
	Final           *Final           `json:"final,omitempty"`
	Leaders         *Leaders         `json:"leaders,omitempty"`
	Sink            *Sink            `json:"sink,omitempty"`
}

// TTLMillis is for how long the operator keeps a key that nothing touches, in
// milliseconds, the longest of its inputs; 0: for ever. False: it keeps nothing
// by key, or time itself takes it away, as with windows.
func (o *Op) TTLMillis() (int64, bool) {
	switch {
	case o.GroupAggregate != nil:
		return o.GroupAggregate.TTLMillis, true
	case o.Join != nil:
		if o.Join.LeftTTLMillis == 0 || o.Join.RightTTLMillis == 0 {
			return 0, true
		}
		return max(o.Join.LeftTTLMillis, o.Join.RightTTLMillis), true
	case o.MultiJoin != nil:
		return 0, true
	case o.TopN != nil:
		return o.TopN.TTLMillis, true
	case o.Over != nil:
		return o.Over.TTLMillis, true
	case o.Normalize != nil:
		return o.Normalize.TTLMillis, true
	}
	return 0, false
}

// Modes says which changes a stream has besides inserts.
type Modes struct {
	Updates      bool `json:"updates,omitzero"`      // +U
	UpdateBefore bool `json:"updateBefore,omitzero"` // -U accompanies +U
	Deletes      bool `json:"deletes,omitzero"`      // -D
}

// InsertOnly tells whether the stream has inserts only.
func (m Modes) InsertOnly() bool { return m == Modes{} }

// Table is a table as a connector needs to know it.
type Table struct {
	Catalog     string            `json:"catalog"`
	Database    string            `json:"database"`
	Name        string            `json:"name"`
	Connector   string            `json:"connector"`         // value of 'connector'
	Options     map[string]string `json:"options,omitzero"`  // all of WITH (...)
	Columns     []data.Column     `json:"columns"`           // physical columns, in order
	Metadata    []MetadataColumn  `json:"metadata,omitzero"` // METADATA columns
	PrimaryKey  []string          `json:"primaryKey,omitzero"`
	PartitionBy []string          `json:"partitionBy,omitzero"`
}

// MetadataColumn is a column the connector fills from or writes to metadata.
type MetadataColumn struct {
	Name    string    `json:"name"`
	Key     string    `json:"key"`
	Type    data.Type `json:"type"`
	Virtual bool      `json:"virtual,omitzero"`
}

// Source reads a table. The rows have the columns of Output, in order.
type Source struct {
	Table Table `json:"table"`
	// Output lists what is read: paths into the physical columns (a field of a
	// ROW may be read alone), or metadata columns. Op.Schema has names and types.
	Output []Path `json:"output"`
	// Filter is a hint over Output's columns: rows for which it is not TRUE are
	// not wanted. The source may still give them; a Calc after it decides.
	Filter *expr.Expr `json:"filter,omitempty"`
	Limit  int64      `json:"limit,omitzero"` // 0: none
}

// Path is a column, and fields within it. Metadata >= 0 means Table.Metadata[Metadata].
type Path struct {
	Column   int   `json:"column"`
	Fields   []int `json:"fields,omitzero"`
	Metadata int   `json:"metadata"` // -1: a physical column
}

// Values gives literal rows, once.
type Values struct {
	Rows [][]data.Value `json:"rows"`
}

// Watermark assigns event-time watermarks: the greatest value seen of Expr
// (a timestamp over the input's columns), minus nothing: Expr includes the delay.
type Watermark struct {
	TimeColumn int       `json:"timeColumn"`
	Expr       expr.Expr `json:"expr"`
	IdleMillis int64     `json:"idleMillis,omitzero"` // scan.watermark.idle-timeout, table.exec.source.idle-timeout
	EmitMillis int64     `json:"emitMillis"`          // pipeline.auto-watermark-interval; an advance of more than this is sent at once
}

// Calc filters, then projects.
type Calc struct {
	Filter  *expr.Expr  `json:"filter,omitempty"`
	Project []expr.Expr `json:"project"` // one for each column of Op.Schema
	// Clock adds a column behind the input's that Filter and Project may read: the
	// watermark in force when the row came, a TIMESTAMP(3), NULL before the first.
	Clock bool `json:"clock,omitzero"`
}

// Union merges inputs of one schema.
type Union struct{}

// WindowKind is the sort of a time window.
type WindowKind string

// Time windows.
const (
	Tumble   WindowKind = "TUMBLE"
	Hop      WindowKind = "HOP"
	Cumulate WindowKind = "CUMULATE"
	Session  WindowKind = "SESSION"
)

// Window is a window specification. All durations in milliseconds.
type Window struct {
	Kind       WindowKind    `json:"kind"`
	TimeColumn int           `json:"timeColumn"`
	TimeAttr   data.TimeAttr `json:"timeAttr"`
	LTZ        bool          `json:"ltz,omitzero"` // TIMESTAMP_LTZ: aligned to the wall clock of the session zone
	Size       int64         `json:"size"`
	Slide      int64         `json:"slide,omitzero"` // HOP; CUMULATE: the step
	Offset     int64         `json:"offset,omitzero"`
	Gap        int64         `json:"gap,omitzero"` // SESSION
	// Attached says that rows have their window already: TimeColumn is its end, on
	// the wall clock, and Size is 1.
	Attached bool `json:"attached,omitzero"`
	// PartitionBy of a SESSION table function.
	PartitionBy []int `json:"partitionBy,omitzero"`
}

// Shape is what tells windows from others, wherever their rows come from.
type Shape struct {
	Kind                     WindowKind
	TimeAttr                 data.TimeAttr
	LTZ                      bool
	Size, Slide, Offset, Gap int64
}

// Shape of a window.
func (w *Window) Shape() Shape {
	return Shape{w.Kind, w.TimeAttr, w.LTZ, w.Size, w.Slide, w.Offset, w.Gap}
}

// WindowAssign adds window_start, window_end, window_time to each row (one row
// for each window it is in).
type WindowAssign struct {
	Window Window `json:"window"`
}

// AggCall is one aggregate function of an aggregation.
type AggCall struct {
	Func     string    `json:"func"`          // canonical name: COUNT, SUM, AVG, MIN, MAX, …
	Args     []int     `json:"args,omitzero"` // input columns; none for COUNT(*)
	Distinct bool      `json:"distinct,omitzero"`
	Filter   int       `json:"filter"` // BOOLEAN input column, -1: none
	Type     data.Type `json:"type"`   // of the result
	// Retracts tells that the input may take rows back, so the state must allow it.
	Retracts bool `json:"retracts,omitzero"`
	// Order is the place of the call in the state, where it does not depend on
	// the order in which a query writes its calls. Calls of one order keep theirs.
	Order int `json:"order,omitzero"`
	// State says what a function of a user keeps of a group, and AddsOnly that it
	// takes no rows back.
	State    string `json:"state,omitzero"`
	AddsOnly bool   `json:"addsOnly,omitzero"`
}

// GroupAggregate is GROUP BY over an unbounded stream. Rows given: keys, then
// aggregates. Without keys it is one group and runs in one subtask.
type GroupAggregate struct {
	Keys []int     `json:"keys"`
	Aggs []AggCall `json:"aggs"`
	// MiniBatch folds a batch's changes: one change for each touched key instead
	// of one for each row (table.exec.mini-batch.enabled).
	MiniBatch bool `json:"miniBatch,omitzero"`
	// UpdateBefore tells whether -U must be given.
	UpdateBefore bool  `json:"updateBefore,omitzero"`
	TTLMillis    int64 `json:"ttlMillis,omitzero"`
	// OfNothing gives the aggregates of no rows when the input ends without any
	// (batch mode, without keys).
	OfNothing bool `json:"ofNothing,omitzero"`
}

// WindowAggregate aggregates by keys and window; it gives each window's rows
// once, when the watermark (or the clock) passes its end. Rows given: keys,
// aggregates, then Properties.
type WindowAggregate struct {
	Window Window    `json:"window"`
	Keys   []int     `json:"keys"`
	Aggs   []AggCall `json:"aggs"`
	// Properties are the window columns wanted, in order: window_start,
	// window_end, window_time.
	Properties []WindowProperty `json:"properties,omitzero"`
}

// WindowProperty is a column describing a row's window.
type WindowProperty string

// Window properties.
const (
	WindowStart WindowProperty = "window_start"
	WindowEnd   WindowProperty = "window_end"
	WindowTime  WindowProperty = "window_time" // end minus one millisecond, a time attribute
)

// Sink writes to a table, or collects a SELECT's result for the client.
type Sink struct {
	// Table is written to; Connector "collect" gives the rows to JobSpec.Collect.
	Table Table `json:"table"`
	// UpsertKey are the columns that identify a row of an updating stream, if known.
	UpsertKey []int `json:"upsertKey,omitzero"`
	// NotNull is what to do with NULL for a NOT NULL column: ERROR or DROP
	// (table.exec.sink.not-null-enforcer).
	NotNull string `json:"notNull,omitzero"`
	// Static are the values of PARTITION (k='v') columns, by column name.
	Static    map[string]string `json:"static,omitzero"`
	Overwrite bool              `json:"overwrite,omitzero"`
}
