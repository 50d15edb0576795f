package store

import (
	"context"
	"fmt"
	"time"
)

// Lease takes or renews a lease for ttl, and says whether holder has it now.
// Time is the database's, so the servers' clocks may differ. A ttl of zero
// gives the lease up.
func (db *DB) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	if holder == "" {
		return false, fmt.Errorf("lease %s: a holder must have a name", name)
	}
	if ttl <= 0 {
		if _, err := db.write.ExecContext(ctx, db.sql(`DELETE FROM lease WHERE name = $1 AND holder = $2`), name, holder); err != nil {
			return false, db.wrap("give up lease "+name, err)
		}
		return false, nil
	}
	result, err := db.write.ExecContext(ctx, db.sql(`
		INSERT INTO lease (name, holder, until) VALUES ($1, $2, NOW + $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE lease.holder = excluded.holder OR lease.until <= NOW`), name, holder, ttl.Milliseconds())
	if err != nil {
		return false, db.wrap("take lease "+name, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, db.wrap("take lease "+name, err)
	}
	return n == 1, nil
}
