package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
)

func auditEntry(i int) resource.AuditEntry {
	return resource.AuditEntry{
		Actor: fmt.Sprint("user:", i%2), Action: "update", Kind: resource.KindDeployment, Namespace: "default",
		Name: fmt.Sprint("d", i%3), ID: fmt.Sprint("id", i%3), Status: 200,
		Changes: []resource.Change{{Field: "spec.template.spec.parallelism", Old: 1, New: 1e21}, {Field: `spec.x["a<b"]`, New: map[string]any{"z": 1, "a": "\u2028"}}},
	}
}

func TestAuditIsAChain(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		a := open(t, url).Audit()
		if check, err := a.Verify(t.Context()); err != nil || check.Broken != 0 || check.Entries != 0 {
			t.Fatalf("an empty log: %+v, %v", check, err)
		}
		previous := resource.FirstHash
		for i := range 7 {
			e, err := a.Append(t.Context(), auditEntry(i))
			if err != nil {
				t.Fatal(err)
			}
			if e.Sequence != int64(i+1) || e.PreviousHash != previous {
				t.Fatalf("entry %d: sequence %d after %s, want after %s", i, e.Sequence, e.PreviousHash, previous)
			}
			previous = e.Hash
		}
		all, err := a.List(t.Context(), resource.AuditFilter{})
		if err != nil || len(all) != 7 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		for _, e := range all { // what is read can be checked by whoever reads it
			text, err := e.Unhashed()
			if err != nil || resource.AuditHash(text) != e.Hash {
				t.Errorf("entry %d: hash %s of %s, want %s (%v)", e.Sequence, resource.AuditHash(text), text, e.Hash, err)
			}
		}
		check, err := a.Verify(t.Context())
		if err != nil || check != (resource.AuditCheck{First: 1, Last: 7, Entries: 7, Hash: previous}) {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

func TestAuditFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		a := open(t, url).Audit()
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 9 {
			e := auditEntry(i)
			e.At = resource.At(start.Add(time.Duration(i) * time.Hour))
			if i == 8 {
				e.Namespace, e.Kind = "other", resource.KindSecretValue
			}
			if _, err := a.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		at := func(hour int) resource.Time { return resource.At(start.Add(time.Duration(hour) * time.Hour)) }
		for _, tt := range []struct {
			filter resource.AuditFilter
			want   string
		}{
			{resource.AuditFilter{}, "1 2 3 4 5 6 7 8 9"},
			{resource.AuditFilter{Namespace: "other"}, "9"},
			{resource.AuditFilter{Kind: resource.KindDeployment, After: 6}, "7 8"},
			{resource.AuditFilter{Name: "d1"}, "2 5 8"},
			{resource.AuditFilter{Name: "id1"}, "2 5 8"},
			{resource.AuditFilter{Actor: "user:1"}, "2 4 6 8"},
			{resource.AuditFilter{From: at(2), To: at(4)}, "3 4"},
			{resource.AuditFilter{Limit: 2, After: 3}, "4 5"},
			{resource.AuditFilter{Limit: 2, Newest: true}, "8 9"},
			{resource.AuditFilter{Limit: 2, Newest: true, Before: 8, Actor: "user:1"}, "4 6"},
			{resource.AuditFilter{Name: "nul\x00"}, ""},
		} {
			list, err := a.List(t.Context(), tt.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range list {
				got = append(got, fmt.Sprint(e.Sequence))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%+v: %v, want %s", tt.filter, got, tt.want)
			}
		}
	})
}

func TestAuditTamperingIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, statement string
		broken          int64
	}{
		{"a text changed", `UPDATE audit SET doc = replace(doc, 'user:0', 'user:9') WHERE sequence = 3`, 3},
		{"a line and its hash changed", `UPDATE audit SET hash = 'ff' WHERE sequence = 3`, 3},
		{"a line removed", `DELETE FROM audit WHERE sequence = 4`, 5},
		{"the first removed", `DELETE FROM audit WHERE sequence = 1`, 2},
		{"found by another name", `UPDATE audit SET name = 'x' WHERE sequence = 2`, 2},
		{"no JSON", `UPDATE audit SET doc = '{' WHERE sequence = 6`, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := open(t, "sqlite:"+t.TempDir()+"/weir.db")
			for i := range 6 {
				if _, err := db.Audit().Append(t.Context(), auditEntry(i)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db.write.Exec(tt.statement); err != nil {
				t.Fatal(err)
			}
			check, err := db.Audit().Verify(t.Context())
			if err != nil || check.Broken != tt.broken || check.Reason == "" {
				t.Errorf("%+v, %v; want broken at %d", check, err, tt.broken)
			}
		})
	}
}

func TestAuditKeepsItsChainWhenOldEntriesGo(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		a := open(t, url).Audit()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range 5 {
			e := auditEntry(i)
			e.At = resource.At(now.AddDate(0, 0, i))
			if _, err := a.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			days    int
			removed int64
		}{{2, 2}, {2, 0}, {100, 3}} {
			if n, err := a.Prune(t.Context(), now.AddDate(0, 0, tt.days)); err != nil || n != tt.removed {
				t.Errorf("removed %d (%v), want %d", n, err, tt.removed)
			}
			if check, err := a.Verify(t.Context()); err != nil || check.Broken != 0 {
				t.Errorf("%+v, %v", check, err)
			}
		}
		if e, err := a.Append(t.Context(), auditEntry(0)); err != nil || e.Sequence != 6 {
			t.Errorf("sequence %d after all were removed (%v)", e.Sequence, err)
		}
		if check, err := a.Verify(t.Context()); err != nil || check.Broken != 0 || check.First != 6 {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

// Two servers of one database, and many requests each, make one chain.
func TestAuditOfManyWriters(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		logs := []*Audit{open(t, url).Audit()}
		if !strings.HasPrefix(url, "sqlite") {
			logs = append(logs, open(t, url).Audit())
		}
		var writers sync.WaitGroup
		for i := range 16 {
			writers.Go(func() {
				for range 4 {
					if _, err := logs[i%len(logs)].Append(t.Context(), auditEntry(i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		if check, err := logs[0].Verify(t.Context()); err != nil || check.Broken != 0 || check.Entries != 64 {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

func TestUsage(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		u := open(t, url).Usage()
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
		for _, r := range []struct {
			at   int
			used map[string]float64
		}{{0, map[string]float64{"a": 1, "b": 2}}, {5, map[string]float64{"a": 3}}, {5, map[string]float64{"a": 4.5}}, {9, map[string]float64{"b": 0}}} {
			if err := u.Record(t.Context(), minute(r.at).Add(30*time.Second), r.used); err != nil {
				t.Fatal(err)
			}
		}
		want := func(got []resource.UsageRecord, err error, want string) {
			t.Helper()
			var lines []string
			for _, r := range got {
				lines = append(lines, fmt.Sprintf("%s %d %v", r.Namespace, int(r.At.Sub(start).Minutes()), r.Used))
			}
			if strings.Join(lines, ", ") != want || err != nil {
				t.Errorf("got %s (%v)\nwant %s", strings.Join(lines, ", "), err, want)
			}
		}
		got, err := u.Latest(t.Context())
		want(got, err, "a 5 4.5, b 9 0")
		got, err = u.Between(t.Context(), minute(1), minute(9))
		want(got, err, "a 0 1, b 0 2, a 5 4.5")
		if n, err := u.DeleteBefore(t.Context(), minute(7)); n != 1 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		got, err = u.Between(t.Context(), minute(7), minute(20))
		want(got, err, "b 0 2, a 5 4.5, b 9 0")
	})
}
