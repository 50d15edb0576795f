package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/weir-streams/weir/resource"
)

// Collection keeps the resources of one kind.
type Collection[T any, P interface {
	*T
	resource.Object
}] struct {
	db   *DB
	kind resource.Kind
}

// NewCollection gives the resources of T's kind.
func NewCollection[T any, P interface {
	*T
	resource.Object
}](db *DB) *Collection[T, P] {
	return &Collection[T, P]{db: db, kind: P(new(T)).ResourceKind()}
}

// Get returns one resource; the error wraps resource.ErrNotFound if there is none.
func (c *Collection[T, P]) Get(ctx context.Context, id string) (T, error) {
	v, _, err := c.one(ctx, "id = $2", id)
	if err != nil {
		return v, c.failed("get", id, err)
	}
	return v, nil
}

// GetByName returns the resource of that name, of the kinds that have names.
// The defaults of a namespace have the empty name.
func (c *Collection[T, P]) GetByName(ctx context.Context, namespace, name string) (T, error) {
	v, _, err := c.one(ctx, "namespace = $2 AND name = $3", namespace, name)
	if err != nil {
		return v, c.failed("get", place(namespace, name), err)
	}
	return v, nil
}

// List returns what the filter lets through, in order of creation.
func (c *Collection[T, P]) List(ctx context.Context, f resource.Filter) ([]T, error) {
	rest, args, ok := c.matching(f)
	if !ok {
		return nil, nil
	}
	list, err := c.list(ctx, `SELECT id, doc`+rest, args)
	if err != nil {
		return nil, c.db.wrap("list "+string(c.kind), err)
	}
	if f.Newest > 0 {
		slices.Reverse(list)
	}
	return list, nil
}

// Versions is List without the documents: for those who know most of them.
func (c *Collection[T, P]) Versions(ctx context.Context, f resource.Filter) (list []resource.Version, err error) {
	rest, args, ok := c.matching(f)
	if !ok {
		return nil, nil
	}
	defer func() {
		if err != nil {
			err = c.db.wrap("list "+string(c.kind), err)
		}
	}()
	rows, err := c.db.read.QueryContext(ctx, c.db.sql(`SELECT id, version`+rest), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v resource.Version
		if err := rows.Scan(&v.ID, &v.Version); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if f.Newest > 0 {
		slices.Reverse(list)
	}
	return list, rows.Err()
}

// matching is the query of a filter from FROM on; not ok if nothing can match.
func (c *Collection[T, P]) matching(f resource.Filter) (rest string, args []any, ok bool) {
	where, args := "kind = $1", []any{string(c.kind)}
	for _, is := range []struct{ column, value string }{
		{"namespace", f.Namespace}, {"owner", f.DeploymentID}, {"owner", f.SessionClusterID}, {"job", f.JobID},
	} {
		if is.value != "" {
			args = append(args, is.value)
			where += fmt.Sprintf(" AND %s = $%d", is.column, len(args))
		}
	}
	if f.Mentions != "" {
		quoted, err := json.Marshal(f.Mentions)
		if err != nil {
			return "", nil, false // no document has a text that is none
		}
		args = append(args, string(quoted[1:len(quoted)-1]))
		where += fmt.Sprintf(" AND INSTR(doc, $%d) > 0", len(args))
	}
	order := " ORDER BY seq"
	if f.Newest > 0 {
		order = fmt.Sprintf(" ORDER BY seq DESC LIMIT %d", f.Newest)
	}
	return ` FROM resource WHERE ` + where + order, args, storable(args...)
}

func (c *Collection[T, P]) list(ctx context.Context, query string, args []any) (list []T, err error) {
	rows, err := c.db.read.QueryContext(ctx, c.db.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var doc []byte
		if err := rows.Scan(&id, &doc); err != nil {
			return nil, err
		}
		v, err := c.decode(id, doc)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Create adds a resource and returns it as stored. It keeps an id that is set.
// If the id or the name is taken the error wraps resource.ErrConflict.
func (c *Collection[T, P]) Create(ctx context.Context, by string, v T) (T, error) {
	var none T
	m := P(&v).Meta()
	if m.ID == "" {
		id, err := uuid.NewRandom()
		if err != nil {
			return none, fmt.Errorf("create %s: %w", c.kind, err)
		}
		m.ID = id.String()
	}
	now := resource.At(time.Now())
	m.CreatedAt, m.ModifiedAt = now, now
	m.ResourceVersion, m.Generation = 1, 1
	resource.SetKind(P(&v))

	what := c.what(m)
	if name := c.name(m); !storable(m.ID, m.Namespace, name, owner(m), m.JobID, by) {
		return none, fmt.Errorf("create %s: %w", what, resource.Invalidf("metadata", "has a text that is not UTF-8, has a NUL character, or is longer than %d bytes", textLimit))
	}
	// By wire form what is returned is what Get will return.
	v, doc, err := c.normal(v)
	if err != nil {
		return none, fmt.Errorf("create %s: %w", what, err)
	}
	if doc, err = c.sealed(v, doc, ""); err != nil {
		return none, fmt.Errorf("create %s: %w", what, err)
	}
	m = P(&v).Meta()
	key := resource.Key{Kind: c.kind, Namespace: m.Namespace, ID: m.ID}
	err = c.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, c.db.sql(`
			INSERT INTO resource (kind, id, namespace, name, owner, job, version, doc)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`),
			string(c.kind), m.ID, m.Namespace, c.name(m), owner(m), m.JobID, m.ResourceVersion, string(doc))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errTaken)
		}
		if err := c.addRevision(ctx, tx, by, P(&v)); err != nil {
			return err
		}
		return c.db.notify(ctx, tx, key)
	})
	if errors.Is(err, errTaken) {
		return none, fmt.Errorf("create %s: it exists already: %w", what, resource.ErrConflict)
	}
	c.db.feed.publish(key) // also on an error, after which it may be there
	if err != nil {
		return none, c.db.wrap("create "+what, err)
	}
	return v, nil
}

// Delete removes a resource and its revisions, and returns what it was.
func (c *Collection[T, P]) Delete(ctx context.Context, id string) (T, error) {
	var none, v T
	if !storable(id) {
		return none, c.failed("delete", id, sql.ErrNoRows)
	}
	var key resource.Key
	err := c.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var doc []byte
		err := tx.QueryRowContext(ctx, c.db.sql(`DELETE FROM resource WHERE kind = $1 AND id = $2 RETURNING doc`), string(c.kind), id).Scan(&doc)
		if err != nil {
			return err
		}
		if v, err = c.decode(id, doc); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, c.db.sql(`DELETE FROM revision WHERE kind = $1 AND id = $2`), string(c.kind), id); err != nil {
			return err
		}
		key = resource.Key{Kind: c.kind, Namespace: P(&v).Meta().Namespace, ID: id}
		return c.db.notify(ctx, tx, key)
	})
	if key.ID != "" {
		c.db.feed.publish(key)
	}
	if err != nil {
		return none, c.failed("delete", id, err)
	}
	return v, nil
}

// one reads the one resource that a condition holds for, and its document.
func (c *Collection[T, P]) one(ctx context.Context, where string, args ...string) (T, []byte, error) {
	var none T
	all := []any{string(c.kind)}
	for _, a := range args {
		all = append(all, a)
	}
	if !storable(all...) {
		return none, nil, sql.ErrNoRows
	}
	var id string
	var doc []byte
	err := c.db.read.QueryRowContext(ctx, c.db.sql(`SELECT id, doc FROM resource WHERE kind = $1 AND `+where), all...).Scan(&id, &doc)
	if err != nil {
		return none, nil, err
	}
	v, err := c.decode(id, doc)
	return v, doc, err
}

func (c *Collection[T, P]) decode(id string, doc []byte) (T, error) {
	var v T
	if err := json.Unmarshal(doc, &v); err != nil {
		var none T
		return none, fmt.Errorf("the stored document of %s %s cannot be read: %w", c.kind, id, err)
	}
	if err := c.unseal(&v, doc); err != nil {
		return v, fmt.Errorf("the stored document of %s %s cannot be read: %w", c.kind, id, err)
	}
	return v, nil
}

// normal sends a value through its wire form.
func (c *Collection[T, P]) normal(v T) (T, []byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return v, nil, err
	}
	v, err = c.decode(P(&v).Meta().ID, doc)
	return v, doc, err
}

// name is the index column: null for kinds not found by name. Defaults have
// the empty name, so that a namespace has one only.
func (c *Collection[T, P]) name(m *resource.Metadata) any {
	switch c.kind {
	case resource.KindJob, resource.KindSavepoint, resource.KindEvent:
		return nil
	case resource.KindDeploymentDefaults:
		return ""
	}
	if m.Name == "" {
		return nil
	}
	return m.Name
}

// owner is the index column: the deployment, else the session cluster, that a
// resource belongs to.
func owner(m *resource.Metadata) string {
	if m.DeploymentID != "" {
		return m.DeploymentID
	}
	return m.SessionClusterID
}

func (c *Collection[T, P]) what(m *resource.Metadata) string {
	if c.name(m) == nil {
		return string(c.kind) + " " + m.ID
	}
	return string(c.kind) + " " + place(m.Namespace, m.Name)
}

// failed words an error of an operation on one resource.
func (c *Collection[T, P]) failed(verb, which string, err error) error {
	doing := fmt.Sprintf("%s %s %s", verb, c.kind, which)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, resource.ErrNotFound)
	}
	return c.db.wrap(doing, err)
}

// addRevision records the spec of a deployment as its generation.
func (c *Collection[T, P]) addRevision(ctx context.Context, tx *sql.Tx, by string, v P) error {
	if c.kind != resource.KindDeployment {
		return nil
	}
	spec, err := json.Marshal(v.SpecOf())
	if err != nil {
		return err
	}
	m := v.Meta()
	at, err := m.ModifiedAt.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, c.db.sql(`INSERT INTO revision (kind, id, generation, author, created_at, spec) VALUES ($1, $2, $3, $4, $5, $6)`),
		string(c.kind), m.ID, m.Generation, by, string(bytes.Trim(at, `"`)), string(spec))
	return err
}

var errTaken = errors.New("taken")

// textLimit bounds what goes into an index column; more is nobody's name.
const textLimit = 1000

// storable tells whether both databases can keep, or could have kept, texts as
// they are.
func storable(texts ...any) bool {
	for _, t := range texts {
		if s, ok := t.(string); ok && (len(s) > textLimit || !utf8.ValidString(s) || strings.Contains(s, "\x00")) {
			return false
		}
	}
	return true
}

func place(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
