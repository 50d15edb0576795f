package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/postgres"
)

func BenchmarkStore(b *testing.B) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(b.TempDir(), "weir.db") },
		"postgres": func() string { return postgres.URL(b) },
	} {
		b.Run(name, func(b *testing.B) {
			db, err := Open(b.Context(), url())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			c := db.Deployments()
			var ids []string
			for i := range 100 {
				d, err := c.Create(b.Context(), "", deployment("default", fmt.Sprint("d", i)))
				if err != nil {
					b.Fatal(err)
				}
				ids = append(ids, d.Metadata.ID)
			}
			b.Run("create", func(b *testing.B) {
				for b.Loop() {
					if _, err := db.Events().Create(b.Context(), "", resource.Event{}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("update", func(b *testing.B) {
				n := 0
				for b.Loop() {
					n++
					if _, err := c.Update(b.Context(), "", ids[n%100], func(d *resource.Deployment) error {
						d.Status.Message = fmt.Sprint(n)
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("get", func(b *testing.B) {
				for b.Loop() {
					if _, err := c.Get(b.Context(), ids[7]); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("list100", func(b *testing.B) {
				for b.Loop() {
					if _, err := c.List(b.Context(), resource.Filter{Namespace: "default"}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
