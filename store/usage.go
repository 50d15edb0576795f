package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-streams/weir/resource"
)

// usageLimit bounds one report; a year of a busy platform is below it.
const usageLimit = 1_000_000

// Usage keeps how many CPUs the namespaces used, a record for each change.
type Usage struct{ db *DB }

// Usage is the record of use of the store.
func (db *DB) Usage() Usage { return Usage{db} }

// Record notes what namespaces use from a minute on. A second record of the
// same minute replaces the first.
func (u Usage) Record(ctx context.Context, at time.Time, used map[string]float64) error {
	minute := at.Truncate(time.Minute).Unix()
	err := u.db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for namespace, cpus := range used {
			if _, err := tx.ExecContext(ctx, u.db.sql(`
				INSERT INTO usage (namespace, at, used) VALUES ($1, $2, $3)
				ON CONFLICT (namespace, at) DO UPDATE SET used = excluded.used`), namespace, minute, cpus); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return u.db.wrap("record the use of CPUs", err)
	}
	return nil
}

// Latest returns the newest record of each namespace.
func (u Usage) Latest(ctx context.Context) ([]resource.UsageRecord, error) {
	list, err := u.list(ctx, `
		SELECT namespace, at, used FROM usage u
		WHERE at = (SELECT MAX(at) FROM usage v WHERE v.namespace = u.namespace) ORDER BY namespace`)
	if err != nil {
		return nil, u.db.wrap("read the use of CPUs", err)
	}
	return list, nil
}

// Between returns the records of a time, from inclusive, to exclusive, with
// the one before it of each namespace, by time and then namespace.
func (u Usage) Between(ctx context.Context, from, to time.Time) ([]resource.UsageRecord, error) {
	before, err := u.list(ctx, `
		SELECT namespace, at, used FROM usage u
		WHERE at = (SELECT MAX(at) FROM usage v WHERE v.namespace = u.namespace AND v.at < $1)`, from.Unix())
	if err != nil {
		return nil, u.db.wrap("report the use of CPUs", err)
	}
	within, err := u.list(ctx, fmt.Sprintf(`SELECT namespace, at, used FROM usage WHERE at >= $1 AND at < $2 LIMIT %d`, usageLimit+1), from.Unix(), to.Unix())
	if err != nil {
		return nil, u.db.wrap("report the use of CPUs", err)
	}
	if len(within) > usageLimit {
		return nil, fmt.Errorf("report the use of CPUs: %w", resource.Invalidf("to", "makes a report of more than %d lines; ask for fewer days", usageLimit))
	}
	all := append(before, within...)
	slices.SortFunc(all, resource.UsageRecord.Compare)
	return all, nil
}

// DeleteBefore removes the records from before a time and returns how many
// those were. What each namespace used at that time is still known after it.
func (u Usage) DeleteBefore(ctx context.Context, before time.Time) (removed int64, err error) {
	result, err := u.db.write.ExecContext(ctx, u.db.sql(`
		DELETE FROM usage WHERE at < $1 AND EXISTS (
			SELECT 1 FROM usage later WHERE later.namespace = usage.namespace AND later.at > usage.at AND later.at <= $1)`), before.Unix())
	if err == nil {
		removed, err = result.RowsAffected()
	}
	if err != nil {
		return 0, u.db.wrap("remove old records of use", err)
	}
	return removed, nil
}

func (u Usage) list(ctx context.Context, query string, args ...any) (all []resource.UsageRecord, err error) {
	rows, err := u.db.read.QueryContext(ctx, u.db.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r resource.UsageRecord
		var at int64
		if err := rows.Scan(&r.Namespace, &at, &r.Used); err != nil {
			return nil, err
		}
		r.At = resource.At(time.Unix(at, 0))
		all = append(all, r)
	}
	return all, rows.Err()
}
