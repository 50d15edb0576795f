package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/resource"
)

// AuditListLimit is how many entries one List gives at most.
const AuditListLimit = 1000

// appendAttempts bounds how often an entry loses its place to another server.
const appendAttempts = 100

// Audit is the audit log: a chain of entries to which things are only added,
// until they are too old.
type Audit struct {
	db *DB
	// appending keeps the writers of this process from racing one another;
	// those of other servers are met in the database.
	appending sync.Mutex
}

// Audit is the audit log of the store.
func (db *DB) Audit() *Audit { return &db.audit }

// Append adds an entry and returns it with its place in the chain. The time is
// now if it is not set.
func (a *Audit) Append(ctx context.Context, e resource.AuditEntry) (resource.AuditEntry, error) {
	if e.At.IsZero() {
		e.At = resource.At(time.Now())
	}
	for _, text := range []*string{&e.Actor, &e.Action, (*string)(&e.Kind), &e.Namespace, &e.Name, &e.ID, &e.Message} {
		*text = plain(*text)
	}
	a.appending.Lock()
	defer a.appending.Unlock()
	for range appendAttempts {
		var added bool
		err := a.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			added, err = a.tryAppend(ctx, tx, &e)
			return err
		})
		if err != nil {
			return e, a.db.wrap("append to the audit log", err)
		}
		if added {
			return e, nil
		}
	}
	return e, fmt.Errorf("append to the audit log: %w", errRaced)
}

// plain makes a text one that an index can hold.
func plain(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > textLimit {
		text = strings.ToValidUTF8(text[:textLimit-4], "") + "…"
	}
	return text
}

// tryAppend adds an entry after the newest one, unless another was faster.
func (a *Audit) tryAppend(ctx context.Context, tx *sql.Tx, e *resource.AuditEntry) (added bool, err error) {
	last, hash, err := newest(ctx, a.db, tx)
	if err != nil {
		return false, err
	}
	e.Sequence, e.PreviousHash = last+1, hash
	doc, err := e.Unhashed()
	if err != nil {
		return false, err
	}
	e.Hash = resource.AuditHash(doc)
	result, err := tx.ExecContext(ctx, a.db.sql(`
		INSERT INTO audit (sequence, at, actor, kind, namespace, name, id, hash, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`),
		e.Sequence, e.At.UnixMicro(), e.Actor, string(e.Kind), e.Namespace, e.Name, e.ID, e.Hash, string(doc))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// newest is the end of the chain: the last entry, or the last one removed.
func newest(ctx context.Context, db *DB, tx *sql.Tx) (sequence int64, hash string, err error) {
	for _, query := range []string{
		`SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1`,
		`SELECT sequence, hash FROM audit_removed`,
	} {
		err := tx.QueryRowContext(ctx, db.sql(query)).Scan(&sequence, &hash)
		if !errors.Is(err, sql.ErrNoRows) {
			return sequence, hash, err
		}
	}
	return 0, resource.FirstHash, nil
}

// List returns the entries that a filter selects, oldest first, at most
// AuditListLimit of them.
func (a *Audit) List(ctx context.Context, f resource.AuditFilter) ([]resource.AuditEntry, error) {
	if f.Limit <= 0 || f.Limit > AuditListLimit {
		f.Limit = AuditListLimit
	}
	where, args := "sequence > $1", []any{f.After}
	and := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args)))
	}
	if f.Namespace != "" {
		and("namespace = ?", f.Namespace)
	}
	if f.Kind != "" {
		and("kind = ?", string(f.Kind))
	}
	if f.Name != "" {
		and("(name = ? OR id = ?)", f.Name)
	}
	if f.Actor != "" {
		and("actor = ?", f.Actor)
	}
	if !f.From.IsZero() {
		and("at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		and("at < ?", f.To.UnixMicro())
	}
	if f.Before > 0 {
		and("sequence < ?", f.Before)
	}
	if !storable(args...) {
		return nil, nil
	}
	order := "sequence"
	if f.Newest {
		order = "sequence DESC"
	}
	rows, err := a.rows(ctx, where, args, order, f.Limit)
	if err != nil {
		return nil, a.db.wrap("list the audit log", err)
	}
	if f.Newest {
		slices.Reverse(rows)
	}
	all := make([]resource.AuditEntry, len(rows))
	for i, row := range rows {
		if all[i], err = row.entry(); err != nil {
			return nil, fmt.Errorf("list the audit log: %w", err)
		}
	}
	return all, nil
}

// auditRow is an entry as it is stored.
type auditRow struct {
	sequence, at                     int64
	actor, kind, namespace, name, id string
	hash, doc                        string
}

func (a *Audit) rows(ctx context.Context, where string, args []any, order string, limit int) (all []auditRow, err error) {
	rows, err := a.db.read.QueryContext(ctx, a.db.sql(fmt.Sprintf(`
		SELECT sequence, at, actor, kind, namespace, name, id, hash, doc FROM audit WHERE %s ORDER BY %s LIMIT %d`, where, order, limit)), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r auditRow
		if err := rows.Scan(&r.sequence, &r.at, &r.actor, &r.kind, &r.namespace, &r.name, &r.id, &r.hash, &r.doc); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

func (r auditRow) entry() (resource.AuditEntry, error) {
	var e resource.AuditEntry
	if err := json.Unmarshal([]byte(r.doc), &e); err != nil {
		return e, fmt.Errorf("entry %d cannot be read: %w", r.sequence, err)
	}
	e.Hash = r.hash
	return e, nil
}

// Verify looks at the whole chain, from the first entry kept.
func (a *Audit) Verify(ctx context.Context) (resource.AuditCheck, error) {
	for {
		removed, previous, err := a.removed(ctx)
		if err != nil {
			return resource.AuditCheck{}, a.db.wrap("verify the audit log", err)
		}
		check, err := a.verify(ctx, removed+1, previous)
		if err != nil {
			return resource.AuditCheck{}, a.db.wrap("verify the audit log", err)
		}
		now, _, err := a.removed(ctx)
		if err != nil {
			return resource.AuditCheck{}, a.db.wrap("verify the audit log", err)
		}
		if check.Broken == 0 || now == removed {
			return check, nil
		}
		// Old entries were removed while we looked; look again.
	}
}

func (a *Audit) verify(ctx context.Context, next int64, previous string) (resource.AuditCheck, error) {
	var check resource.AuditCheck
	for after := int64(math.MinInt64); ; {
		rows, err := a.rows(ctx, "sequence > $1", []any{after}, "sequence", AuditListLimit)
		if err != nil || len(rows) == 0 {
			return check, err
		}
		for _, row := range rows {
			if check.First == 0 {
				check.First = row.sequence
			}
			if reason := row.fault(next, previous); reason != "" {
				check.Broken, check.Reason = row.sequence, reason
				return check, nil
			}
			check.Entries++
			check.Last, check.Hash = row.sequence, row.hash
			after, next, previous = row.sequence, row.sequence+1, row.hash
		}
	}
}

// removed is the newest entry that was removed for its age.
func (a *Audit) removed(ctx context.Context) (sequence int64, hash string, err error) {
	err = a.db.read.QueryRowContext(ctx, `SELECT sequence, hash FROM audit_removed`).Scan(&sequence, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, resource.FirstHash, nil
	}
	return sequence, hash, err
}

// fault says what is wrong with an entry that should have this sequence and
// follow this hash; "" if nothing is.
func (r auditRow) fault(sequence int64, previous string) string {
	e, err := r.entry()
	switch {
	case err != nil:
		return err.Error()
	case r.sequence != sequence:
		return fmt.Sprintf("entries %d to %d are missing before it", sequence, r.sequence-1)
	case e.PreviousHash != previous:
		return "it does not follow the entry before it: one of the two was replaced"
	case resource.AuditHash([]byte(r.doc)) != r.hash:
		return "it was changed after it was written"
	case e.Sequence != r.sequence || e.At.UnixMicro() != r.at || e.Actor != r.actor || string(e.Kind) != r.kind ||
		e.Namespace != r.namespace || e.Name != r.name || e.ID != r.id:
		return "what it is found by was changed after it was written"
	}
	return ""
}

// Prune removes the entries from before a time and returns how many those
// were. The chain goes on from where it was cut.
func (a *Audit) Prune(ctx context.Context, before time.Time) (removed int64, err error) {
	a.appending.Lock()
	defer a.appending.Unlock()
	err = a.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// Clocks of several servers differ: everything up to the last old entry
		// before the first young one.
		var keep sql.NullInt64
		if err := tx.QueryRowContext(ctx, a.db.sql(`SELECT MIN(sequence) FROM audit WHERE at >= $1`), before.UnixMicro()).Scan(&keep); err != nil {
			return err
		}
		if !keep.Valid {
			keep.Int64 = math.MaxInt64
		}
		var sequence int64
		var hash string
		err := tx.QueryRowContext(ctx, a.db.sql(`SELECT sequence, hash FROM audit WHERE sequence < $1 ORDER BY sequence DESC LIMIT 1`), keep.Int64).Scan(&sequence, &hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, a.db.sql(`DELETE FROM audit WHERE sequence <= $1`), sequence)
		if err != nil {
			return err
		}
		if removed, err = result.RowsAffected(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, a.db.sql(`
			INSERT INTO audit_removed (one, sequence, hash) VALUES (1, $1, $2)
			ON CONFLICT (one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash`), sequence, hash)
		return err
	})
	if err != nil {
		return 0, a.db.wrap("remove old entries of the audit log", err)
	}
	return removed, nil
}
