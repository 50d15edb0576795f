package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func entry(name, statement string) resource.CatalogEntry {
	var e resource.CatalogEntry
	e.Metadata.Namespace = "default"
	e.Spec = resource.CatalogEntrySpec{Catalog: "vvp", Database: "default", Object: resource.EntryTable, Name: name, Statement: statement}
	e.Metadata.Name = e.Spec.EntryName()
	return e
}

func TestCatalogChangesWholeOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		changes := db.Subscribe(t.Context())
		statements := func() string {
			all, err := db.CatalogEntries().List(t.Context(), resource.Filter{Namespace: "default"})
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, e := range all {
				text += fmt.Sprintf("%s v%d: %s; ", e.Metadata.Name, e.Metadata.ResourceVersion, e.Spec.Statement)
			}
			return text
		}
		if _, err := db.ChangeCatalog(t.Context(), "ann", resource.CatalogChange{Create: []resource.CatalogEntry{entry("a", "1"), entry("b", "1")}}); err != nil {
			t.Fatal(err)
		}
		if k := <-changes; k.Kind != resource.KindCatalogEntry {
			t.Errorf("change %+v", k)
		}
		all, err := db.CatalogEntries().List(t.Context(), resource.Filter{Namespace: "default"})
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		a, b := all[0], all[1]
		next := a
		next.Spec.Statement = "2"
		if _, err := db.ChangeCatalog(t.Context(), "ann", resource.CatalogChange{Replace: []resource.CatalogEntry{next}, Delete: []resource.CatalogEntry{b}, Create: []resource.CatalogEntry{entry("c", "1")}}); err != nil {
			t.Fatal(err)
		}
		const want = "table `vvp`.`default`.`a` v2: 2; table `vvp`.`default`.`c` v1: 1; "
		if got := statements(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for name, change := range map[string]resource.CatalogChange{
			"taken": {Create: []resource.CatalogEntry{entry("d", "1"), entry("c", "1")}}, "stale": {Create: []resource.CatalogEntry{entry("d", "1")}, Replace: []resource.CatalogEntry{next}},
			"gone": {Create: []resource.CatalogEntry{entry("d", "1")}, Delete: []resource.CatalogEntry{b}},
		} {
			if _, err := db.ChangeCatalog(t.Context(), "ann", change); !errors.Is(err, resource.ErrConflict) {
				t.Errorf("%s: %v, want a conflict", name, err)
			}
			if got := statements(); got != want {
				t.Errorf("%s left %s", name, got)
			}
		}
	})
}

func TestOneOfManyChangesOfAnEntryWins(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		if _, err := db.ChangeCatalog(t.Context(), "ann", resource.CatalogChange{Create: []resource.CatalogEntry{entry("a", "1")}}); err != nil {
			t.Fatal(err)
		}
		all, err := db.CatalogEntries().List(t.Context(), resource.Filter{Namespace: "default"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		won := make(chan string, 8)
		for i := range 8 {
			wg.Go(func() {
				next := all[0]
				next.Spec.Statement = fmt.Sprint("from ", i)
				if _, err := db.ChangeCatalog(t.Context(), "ann", resource.CatalogChange{Replace: []resource.CatalogEntry{next}}); err == nil {
					won <- next.Spec.Statement
				} else if !errors.Is(err, resource.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(won)
		got, err := db.CatalogEntries().Get(t.Context(), all[0].Metadata.ID)
		if first := <-won; err != nil || first != got.Spec.Statement || len(won) != 0 {
			t.Errorf("%q and %d more won, %q is stored, %v", first, len(won), got.Spec.Statement, err)
		}
	})
}
