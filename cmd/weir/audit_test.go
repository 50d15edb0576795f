package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weir-streams/weir/resource"
)

// chain makes a log of n entries as the store writes them.
func chain(t *testing.T, n int) []resource.AuditEntry {
	t.Helper()
	var all []resource.AuditEntry
	previous := resource.FirstHash
	for i := range n {
		e := resource.AuditEntry{
			Sequence: int64(i + 1), Actor: "user:ann", Action: "update", Kind: resource.KindDeployment, Name: "orders", Status: 200,
			Changes: []resource.Change{{Field: "spec.template.spec.parallelism", Old: 1, New: 1e6}}, PreviousHash: previous,
		}
		text, err := e.Unhashed()
		if err != nil {
			t.Fatal(err)
		}
		e.Hash = resource.AuditHash(text)
		previous = e.Hash
		all = append(all, e)
	}
	return all
}

func TestAuditVerifyFindsWhatWasAltered(t *testing.T) {
	for _, tt := range []struct {
		name  string
		alter func([]resource.AuditEntry) []resource.AuditEntry
		known bool
		code  int
		says  string
	}{
		{name: "nothing", code: 0, says: "5 entries in order, 1 to 5"},
		{name: "nothing, from what is kept", code: 0, says: "3 entries in order, 3 to 5", alter: func(all []resource.AuditEntry) []resource.AuditEntry { return all[2:] }},
		{name: "an entry", code: 1, says: "entry 3 is not what its hash says", alter: func(all []resource.AuditEntry) []resource.AuditEntry {
			all[2].Actor = "user:bob"
			return all
		}},
		{name: "one taken away", code: 1, says: "entry 3 is missing", alter: func(all []resource.AuditEntry) []resource.AuditEntry { return append(all[:2:2], all[3:]...) }},
		{name: "all written again", code: 1, known: true, says: "not the known", alter: func(all []resource.AuditEntry) []resource.AuditEntry {
			previous := resource.FirstHash
			for i := range all {
				all[i].Name, all[i].PreviousHash = "other", previous
				text, _ := all[i].Unhashed()
				all[i].Hash = resource.AuditHash(text)
				previous = all[i].Hash
			}
			return all
		}},
		{name: "the end cut off", code: 1, known: true, says: "the newest is 2", alter: func(all []resource.AuditEntry) []resource.AuditEntry { return all[:2] }},
		{name: "nothing, and it is known", code: 0, known: true, says: "5 entries"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := chain(t, 5)
			known := "4:" + all[3].Hash
			if tt.alter != nil {
				all = tt.alter(all)
			}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"kind": "AuditEntryList", "metadata": map[string]string{}, "items": all})
			}))
			defer s.Close()
			args := []string{"audit", "verify", "--server", s.URL}
			if tt.known {
				args = append(args, "--known", known)
			}
			r := run(t, t.Context(), nil, "", args...).exits(tt.code)
			if tt.code == 0 {
				r.prints(tt.says)
			} else {
				r.complains(tt.says)
			}
		})
	}
}

func TestAuditList(t *testing.T) {
	p := startPlatform(t)
	p.weir("audit", "list").exits(0)
	p.weirIn(orders, "apply", "-f", "-").exits(0)
	p.weir("scale", "orders", "-p", "0").exits(2)
	p.weir("scale", "orders", "-p", "3").exits(0)
	p.weir("delete", "deployment", "orders").exits(5)
	p.weir("audit", "list", "--kind", "deployment", "--name", "orders", "--since", "1h").exits(0).prints("create", "parallelism: 2 → 3", "409")
	p.weir("audit", "list", "--kind", "job").exits(0).complains("No entries")
	p.weir("audit", "list", "-o", "json", "--limit", "1").exits(0).prints(`"sequence":1`)
	p.weir("audit", "verify").exits(0).prints("entries in order")
	p.weir("audit", "verify", "--known", "x").exits(2)
}
