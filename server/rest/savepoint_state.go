package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const (
	stateRows    = 50   // rows of one answer unless the query says more
	stateRowsMax = 1000 // and at most
	stateTime    = 15 * time.Second
)

// StateReader reads what savepoints hold, where this server can.
type StateReader interface {
	// Operators lists the state at a place. The error is a resource.InvalidError
	// when it is not of weir's engine, and wraps resource.ErrNotFound when
	// nothing is there.
	Operators(ctx context.Context, location string) (resource.SavepointContents, error)
	// Rows reads rows of one table; it stops when ctx ends and says that there
	// are more. The error is a resource.InvalidError when the query names what
	// is not there.
	Rows(ctx context.Context, location string, q resource.StateQuery) (resource.StateRows, error)
}

// savepointPlace is where the data of a complete savepoint lies.
func (a *API) savepointPlace(r *http.Request) (string, error) {
	if a.StateReader == nil {
		return "", &wire.Error{Status: http.StatusNotImplemented, Reason: "NotImplemented", Message: "this server cannot look into savepoints"}
	}
	s, err := a.findSavepoint(r.Context(), r.PathValue("namespace"), r.PathValue("savepointId"))
	if err != nil {
		return "", err
	}
	if s.Status.State != resource.SavepointCompleted || s.Spec.SavepointLocation == "" {
		return "", &wire.Error{
			Status: http.StatusConflict, Reason: "NotCompleted",
			Message: fmt.Sprintf("savepoint %s is %s; only a completed one can be looked into", s.Metadata.ID, s.Status.State),
		}
	}
	return s.Spec.SavepointLocation, nil
}

// getSavepointState tells which operators have state in a savepoint, and how much.
func (a *API) getSavepointState(w http.ResponseWriter, r *http.Request) error {
	place, err := a.savepointPlace(r)
	if err != nil {
		return err
	}
	state, err := a.StateReader.Operators(r.Context(), place)
	if err != nil {
		return unreadable(place, err)
	}
	wire.Write(w, r, http.StatusOK, state)
	return nil
}

// listStateRows gives rows of one table of a savepoint.
func (a *API) listStateRows(w http.ResponseWriter, r *http.Request) error {
	q := resource.StateQuery{Operator: r.URL.Query().Get("operator"), Table: r.URL.Query().Get("table")}
	if q.Operator == "" {
		return resource.Invalidf("operator", "must name an operator of the savepoint: its uid or its name")
	}
	var err error
	if q.Limit, err = positive(r, "limit", stateRows); err != nil {
		return err
	}
	q.Limit = min(q.Limit, stateRowsMax)
	for _, text := range r.URL.Query()["where"] {
		column, value, ok := strings.Cut(text, "=")
		if !ok {
			return resource.Invalidf("where", "must be COLUMN=TEXT, got %q", text)
		}
		q.Where = append(q.Where, resource.StateCondition{Column: strings.TrimSpace(column), Text: value})
	}
	place, err := a.savepointPlace(r)
	if err != nil {
		return err
	}
	// What was found until then is an answer; the rest of a large state is not waited for.
	ctx, cancel := context.WithTimeout(r.Context(), stateTime)
	defer cancel()
	rows, err := a.StateReader.Rows(ctx, place, q)
	if err != nil {
		return unreadable(place, err)
	}
	wire.Write(w, r, http.StatusOK, rows)
	return nil
}

// unreadable says of an error which savepoint it is about; what the caller got
// wrong stays the caller's.
func unreadable(place string, err error) error {
	if invalid := (*resource.InvalidError)(nil); errors.As(err, &invalid) || errors.Is(err, resource.ErrNotFound) {
		return err
	}
	return &wire.Error{Status: http.StatusUnprocessableEntity, Reason: "StateUnreadable", Message: fmt.Sprintf("the savepoint at %s cannot be read: %v", place, err)}
}
