package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/postgres"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childVariable); url != "" {
		child(url)
		return
	}
	os.Exit(postgres.Main(m))
}

// onBoth runs a test on SQLite and on Postgres; url is that of a new database.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, postgres.URL(t)) })
}

func open(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func deployment(namespace, name string) resource.Deployment {
	d := resource.Deployment{Metadata: resource.Metadata{Namespace: namespace, Name: name}}
	d.Spec.State = resource.StateRunning
	d.Spec.Template.Spec.Parallelism = 1
	return d
}

func TestCreateSetsWhatIsTheStores(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		before := time.Now()
		d := deployment("default", "orders")
		d.Metadata.ResourceVersion, d.Metadata.Generation = 40, 41
		d.Metadata.Labels = map[string]string{"quote": `'"; DROP TABLE resource; --`, "nul": "a\x00b", "smile": "😀"}
		got, err := db.Deployments().Create(t.Context(), "anna", d)
		if err != nil {
			t.Fatal(err)
		}
		m := got.Metadata
		if len(m.ID) != 36 || m.ID[14] != '4' || m.ResourceVersion != 1 || m.Generation != 1 || got.Kind != resource.KindDeployment || got.APIVersion != "v1" {
			t.Errorf("got %+v", got)
		}
		if m.CreatedAt.Before(before.Add(-time.Millisecond)) || !m.CreatedAt.Equal(m.ModifiedAt.Time) {
			t.Errorf("created %v, modified %v, test began %v", m.CreatedAt, m.ModifiedAt, before)
		}
		for _, get := range []func() (resource.Deployment, error){
			func() (resource.Deployment, error) { return db.Deployments().Get(t.Context(), m.ID) },
			func() (resource.Deployment, error) {
				return db.Deployments().GetByName(t.Context(), "default", "orders")
			},
		} {
			if stored, err := get(); err != nil || !reflect.DeepEqual(stored, got) {
				t.Errorf("got %+v, %v\nwant %+v", stored, err, got)
			}
		}
		revisions, err := db.Revisions(t.Context(), resource.KindDeployment, m.ID)
		if err != nil || len(revisions) != 1 || revisions[0].Generation != 1 || revisions[0].Author != "anna" || !revisions[0].CreatedAt.Equal(m.CreatedAt.Time) || !strings.Contains(string(revisions[0].Spec), `"RUNNING"`) {
			t.Errorf("got %+v, %v", revisions, err)
		}
	})
}

func TestWhatIsNotThere(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		for _, id := range []string{"", "none", "nul\x00", "\xff", strings.Repeat("long", 1000), "' OR 1=1"} {
			_, errGet := db.Deployments().Get(t.Context(), id)
			_, errName := db.Deployments().GetByName(t.Context(), id, id)
			_, errDelete := db.Deployments().Delete(t.Context(), id)
			_, errUpdate := db.Deployments().Update(t.Context(), "", id, func(*resource.Deployment) error { return nil })
			for _, err := range []error{errGet, errName, errDelete, errUpdate} {
				if !errors.Is(err, resource.ErrNotFound) || !strings.Contains(err.Error(), "Deployment") {
					t.Errorf("%.20q: got %v", id, err)
				}
			}
			list, err := db.Deployments().List(t.Context(), resource.Filter{Namespace: id, DeploymentID: "x"})
			if err != nil || len(list) != 0 {
				t.Errorf("%.20q: got %v, %v", id, list, err)
			}
		}
		for _, namespace := range []string{"nul\x00", "\xff", strings.Repeat("long", 1000)} {
			if _, err := db.Deployments().Create(t.Context(), "", deployment(namespace, "a")); len(resource.Problems(err)) != 1 {
				t.Errorf("%.20q: got %v", namespace, err)
			}
		}
	})
}

func TestNamesAreUniqueWhereThereAreNames(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx := t.Context()
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		refused := func(_ any, err error) {
			t.Helper()
			if !errors.Is(err, resource.ErrConflict) {
				t.Errorf("got %v", err)
			}
		}
		d := deployment("a", "x")
		d.Metadata.ID = "id-1"
		must(db.Deployments().Create(ctx, "", d))
		must(db.Deployments().Create(ctx, "", deployment("b", "x")))
		must(db.Targets().Create(ctx, "", resource.DeploymentTarget{Metadata: resource.Metadata{Namespace: "a", Name: "x"}}))
		refused(db.Deployments().Create(ctx, "", deployment("a", "x")))
		d.Metadata.Name = "y"
		refused(db.Deployments().Create(ctx, "", d))

		event := resource.Event{Metadata: resource.Metadata{Namespace: "a", Name: "CREATING_A_NEW_JOB"}}
		must(db.Events().Create(ctx, "", event))
		must(db.Events().Create(ctx, "", event))

		must(db.Defaults().Create(ctx, "", resource.DeploymentDefaults{Metadata: resource.Metadata{Namespace: "a"}}))
		refused(db.Defaults().Create(ctx, "", resource.DeploymentDefaults{Metadata: resource.Metadata{Namespace: "a"}}))
		must(db.Defaults().GetByName(ctx, "a", ""))

		// A refused create leaves nothing: the name is free after a delete.
		must(db.Deployments().Delete(ctx, "id-1"))
		must(db.Deployments().Create(ctx, "", deployment("a", "x")))
	})
}

func TestUpdate(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx := t.Context()
		first, err := db.Deployments().Create(ctx, "anna", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		update := func(by string, change func(*resource.Deployment) error) resource.Deployment {
			t.Helper()
			got, err := db.Deployments().Update(ctx, by, first.Metadata.ID, change)
			if err != nil {
				t.Fatal(err)
			}
			stored, err := db.Deployments().Get(ctx, first.Metadata.ID)
			if err != nil || !reflect.DeepEqual(stored, got) {
				t.Errorf("stored   %+v, %v\nreturned %+v", stored, err, got)
			}
			return got
		}

		got := update("bob", func(*resource.Deployment) error { return nil })
		if !reflect.DeepEqual(got, first) {
			t.Errorf("nothing changed, but got %+v\nwas %+v", got, first)
		}

		got = update("weir", func(d *resource.Deployment) error {
			d.Status.State = resource.StateRunning
			d.Metadata.ID, d.Metadata.Name, d.Metadata.Namespace = "other", "other", "other"
			d.Metadata.CreatedAt, d.Metadata.ResourceVersion, d.Metadata.Generation = resource.Time{}, 70, 70
			d.Kind = "Other"
			return nil
		})
		want := first
		want.Status.State = resource.StateRunning
		want.Metadata.ResourceVersion = 2
		want.Metadata.ModifiedAt = got.Metadata.ModifiedAt
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}

		got = update("bob", func(d *resource.Deployment) error { d.Spec.Template.Spec.Parallelism = 4; return nil })
		if got.Metadata.ResourceVersion != 3 || got.Metadata.Generation != 2 {
			t.Errorf("got %+v", got.Metadata)
		}
		revisions, err := db.Revisions(ctx, resource.KindDeployment, first.Metadata.ID)
		if err != nil || len(revisions) != 2 || revisions[1].Author != "bob" || revisions[1].Generation != 2 {
			t.Errorf("got %+v, %v", revisions, err)
		}

		mine := errors.New("mine")
		if _, err := db.Deployments().Update(ctx, "bob", first.Metadata.ID, func(d *resource.Deployment) error {
			d.Spec.State = resource.StateCancelled
			return mine
		}); err != mine {
			t.Errorf("got %v", err)
		}
		if stored, err := db.Deployments().Get(ctx, first.Metadata.ID); err != nil || !reflect.DeepEqual(stored, got) {
			t.Errorf("an update that gave up changed %+v to %+v, %v", got, stored, err)
		}

		if deleted, err := db.Deployments().Delete(ctx, first.Metadata.ID); err != nil || !reflect.DeepEqual(deleted, got) {
			t.Errorf("deleted %+v, %v\nwas %+v", deleted, err, got)
		}
		if revisions, err := db.Revisions(ctx, resource.KindDeployment, first.Metadata.ID); err != nil || len(revisions) != 0 {
			t.Errorf("a deleted deployment has revisions %+v, %v", revisions, err)
		}
	})
}

// An update may read and write other things, and even the same, on its way.
func TestUpdateInsideUpdate(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx := t.Context()
		d, err := db.Deployments().Create(ctx, "", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		got, err := db.Deployments().Update(ctx, "", d.Metadata.ID, func(outer *resource.Deployment) error {
			outer.Status.Message += "outer"
			if calls++; calls > 2 {
				return nil
			}
			_, err := db.Deployments().Update(ctx, "", d.Metadata.ID, func(inner *resource.Deployment) error {
				inner.Status.Message += "inner "
				return nil
			})
			return err
		})
		if err != nil || got.Status.Message != "inner inner outer" || got.Metadata.ResourceVersion != 4 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		d, err := db.Deployments().Create(t.Context(), "", deployment("default", "orders"))
		if err != nil {
			t.Fatal(err)
		}
		const writers, each = 16, 15
		errs := make(chan error, writers)
		for range writers {
			go func() {
				for range each {
					if _, err := db.Deployments().Update(context.Background(), "w", d.Metadata.ID, func(d *resource.Deployment) error {
						d.Spec.Template.Spec.Parallelism++
						return nil
					}); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range writers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		got, err := db.Deployments().Get(t.Context(), d.Metadata.ID)
		if n := writers * each; err != nil || got.Spec.Template.Spec.Parallelism != 1+n || got.Metadata.ResourceVersion != 1+n || got.Metadata.Generation != 1+n {
			t.Errorf("got %+v, %v", got, err)
		}
		if revisions, err := db.Revisions(t.Context(), resource.KindDeployment, d.Metadata.ID); err != nil || len(revisions) != 1+writers*each {
			t.Errorf("%d revisions, %v", len(revisions), err)
		}
	})
}

func TestLease(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx := t.Context()
		take := func(holder string, ttl time.Duration, want bool) {
			t.Helper()
			if got, err := db.Lease(ctx, "loop", holder, ttl); err != nil || got != want {
				t.Errorf("%s: got %v, %v, want %v", holder, got, err, want)
			}
		}
		take("a", time.Hour, true)
		take("b", time.Hour, false)
		take("a", time.Hour, true)
		take("b", 0, false) // giving up what is not one's own
		take("b", time.Hour, false)
		take("a", 0, false)
		take("b", time.Hour, true)
		if _, err := db.write.Exec(db.sql("UPDATE lease SET until = NOW - 1")); err != nil {
			t.Fatal(err)
		}
		take("a", time.Hour, true)
		if _, err := db.Lease(ctx, "loop", "", time.Hour); err == nil {
			t.Error("nobody can hold a lease")
		}
	})
}

func TestOpenRefusesUnknownURLs(t *testing.T) {
	for url, want := range map[string]string{
		"":                  "is not sqlite:/path/weir.db or postgres://",
		"mysql://u:pw@host": "is not sqlite:/path/weir.db or postgres://",
		"sqlite:":           "sqlite needs the path of a file",
		"sqlite::memory:":   "sqlite needs the path of a file",
		"postgres://user:secret@127.0.0.1:1/db?sslmode=disable": "database db on 127.0.0.1 cannot be reached",
		"postgres://user:secret@127.0.0.1:x/db":                 "port",
	} {
		_, err := Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: got %v, want %s", url, err, want)
		}
	}
}

func TestWhatAResourceMentionsIsFound(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		const odd = `state/a&b "c" <ä>\x`
		for i, at := range []string{"file:/" + odd + "/1", "/other", "file:///" + odd} {
			s := resource.Savepoint{Metadata: resource.Metadata{Namespace: "default", DeploymentID: fmt.Sprint("d", i)}}
			s.Spec.SavepointLocation = at
			if _, err := db.Savepoints().Create(t.Context(), "anna", s); err != nil {
				t.Fatal(err)
			}
		}
		for text, want := range map[string]int{odd: 2, odd + "/1": 1, "nowhere": 0, "": 3, "%": 0} {
			found, err := db.Savepoints().List(t.Context(), resource.Filter{Mentions: text})
			if err != nil || len(found) != want {
				t.Errorf("%q: %d found, %v; want %d", text, len(found), err, want)
			}
		}
	})
}

// Transactions that share a commit are apart: each is done or not by itself.
func TestTransactionsThatShareACommit(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	ctx := t.Context()
	mine := errors.New("mine")
	const n = 200
	var done sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		done.Go(func() {
			results[i] = db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, db.sql(`INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)`), fmt.Sprint("l", i), "h", 0); err != nil {
					return err
				}
				if i%3 == 0 {
					return mine
				}
				return nil
			})
		})
	}
	done.Wait()
	for i, err := range results {
		if (i%3 == 0) != errors.Is(err, mine) {
			t.Errorf("transaction %d: %v", i, err)
		}
		var there int
		if err := db.read.QueryRowContext(ctx, db.sql(`SELECT COUNT(*) FROM lease WHERE name = $1`), fmt.Sprint("l", i)).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if want := min(i%3, 1); there != want {
			t.Errorf("transaction %d left %d rows, want %d", i, there, want)
		}
	}
}
