package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/resource"
)

// TrimEvents removes the oldest events of a deployment but for the number to
// keep, and says how many went. What it costs depends on that number, not on
// how many events there are.
func (db *DB) TrimEvents(ctx context.Context, deploymentID string, keep int) (int, error) {
	doing := fmt.Sprintf("remove old events of deployment %s", deploymentID)
	if keep < 0 || !storable(deploymentID) {
		return 0, nil
	}
	var last int64 // the newest that goes
	err := db.read.QueryRowContext(ctx, db.sql(`SELECT seq FROM resource WHERE kind = $1 AND owner = $2 ORDER BY seq DESC LIMIT 1 OFFSET $3`),
		string(resource.KindEvent), deploymentID, keep).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, db.wrap(doing, err)
	}
	removed := int64(0)
	err = db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, db.sql(`DELETE FROM resource WHERE kind = $1 AND owner = $2 AND seq <= $3`), string(resource.KindEvent), deploymentID, last)
		if err != nil {
			return err
		}
		removed, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return 0, db.wrap(doing, err)
	}
	return int(removed), nil
}
