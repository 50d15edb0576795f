package store

import (
	"context"
	"database/sql"
)

// transact runs a transaction that writes, and commits it. The context that do
// is given is not cancelled: a statement broken off in the middle would take
// the transactions of others with it.
func (db *DB) transact(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	if db.group != nil {
		return db.group.transact(ctx, db.write, do)
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		_ = tx.Rollback() // the first error is the one that tells
		return err
	}
	return tx.Commit()
}

// group makes one transaction of several that wait for the only connection that
// writes, so that they share the wait for the disk. Each of them is done whole
// or not at all, and is done when transact returns.
type group struct {
	turn chan struct{}     // held by who writes
	work chan *transaction // waiting, in order
}

// groupSize bounds how many transactions share a commit, and how many wait in line.
const groupSize = 64

type transaction struct {
	ctx  context.Context
	do   func(context.Context, *sql.Tx) error
	err  error
	done chan struct{}
}

func newGroup() *group {
	return &group{turn: make(chan struct{}, 1), work: make(chan *transaction, groupSize)}
}

func (g *group) transact(ctx context.Context, db *sql.DB, do func(context.Context, *sql.Tx) error) error {
	t := &transaction{ctx: ctx, do: do, done: make(chan struct{})}
	select {
	case g.work <- t:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		select {
		case <-t.done:
			return t.err
		case g.turn <- struct{}{}:
			g.run(db)
			<-g.turn
		}
	}
}

// run does what waits.
func (g *group) run(db *sql.DB) {
	var all []*transaction
	for len(all) < groupSize {
		select {
		case t := <-g.work:
			if t.err = t.ctx.Err(); t.err != nil {
				close(t.done)
				continue
			}
			all = append(all, t)
			continue
		default:
		}
		break
	}
	if len(all) == 0 {
		return
	}
	err := together(db, all)
	for _, t := range all {
		if t.err == nil {
			t.err = err
		}
		close(t.done)
	}
}

// together runs transactions as one. The error is of them all; what is wrong
// with one alone is its own.
func together(db *sql.DB, all []*transaction) error {
	ctx := context.WithoutCancel(all[0].ctx)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, t := range all {
		own := context.WithoutCancel(t.ctx)
		if len(all) == 1 {
			if t.err = t.do(own, tx); t.err != nil {
				_ = tx.Rollback() // the first error is the one that tells
				return t.err
			}
			break
		}
		if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
			_ = tx.Rollback()
			return err
		}
		end := "RELEASE one"
		if t.err = t.do(own, tx); t.err != nil {
			end = "ROLLBACK TO one; RELEASE one"
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
