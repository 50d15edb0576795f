package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

var team = []resource.RoleBinding{
	{Role: "viewer", Members: []string{"system:authenticated"}},
	{Role: "editor", Members: []string{"user:ed", "group:devs"}},
	{Role: "owner", Members: []string{"user:olga"}},
}

// The rights of roles, as Ververica Platform documents them: one line for each
// sort of thing, with the letters of read, create, update, delete, inspect.
func TestRolesHaveTheirRights(t *testing.T) {
	for _, tt := range []struct {
		kind                         Kind
		viewer, editor, owner, admin string
	}{
		{Deployments, "r", "rcudi", "rcudi", ""},
		{Jobs, "r", "rcudi", "rcudi", ""},
		{Savepoints, "r", "rcudi", "rcudi", ""},
		{Events, "r", "rcudi", "rcudi", ""},
		{SessionClusters, "r", "rcudi", "rcudi", ""},
		{Artifacts, "r", "rcudi", "rcudi", ""},
		{SQLScripts, "r", "rcudi", "rcudi", ""},
		{Catalogs, "r", "rcudi", "rcudi", ""},
		{Autopilot, "r", "rcudi", "rcudi", ""},
		{FlinkUI, "r", "rcudi", "rcudi", ""},
		{Defaults, "r", "r", "rcudi", ""},
		{Targets, "r", "r", "rcudi", ""},
		{SecretValues, "", "rcudi", "rcudi", ""},
		{APITokens, "", "", "rcudi", ""},
		{Namespaces, "", "", "ru", "rcudi"},
		{Audit, "", "", "r", "rd"},
		{Usage, "", "", "", "rd"},
		{Platform, "r", "r", "r", "r"},
		{Public, "r", "r", "r", "r"},
	} {
		for _, who := range []struct {
			subject Subject
			want    string
		}{
			{Subject{Name: "user:vera"}, tt.viewer},
			{Subject{Name: "user:ed"}, tt.editor},
			{Subject{Name: "user:dev", Groups: []string{"devs"}}, tt.editor},
			{Subject{Name: "user:olga"}, tt.owner},
			{Subject{Name: "token:namespaces/team/apitokens/v", TokenNamespace: "team", TokenRole: "viewer"}, tt.viewer},
			{Subject{Name: "token:namespaces/team/apitokens/o", TokenNamespace: "team", TokenRole: "owner"}, tt.owner},
			{Subject{Name: "user:root", Unrestricted: true}, "rcudi"},
			{Subject{}, map[bool]string{true: "r"}[tt.kind == Public]},
		} {
			if got := rights(who.subject, Resource{tt.kind, "team", team}); got != who.want {
				t.Errorf("%s of %s: %q, want %q", who.subject.Name, tt.kind, got, who.want)
			}
		}
		// An admin has no rights inside a namespace that gives none.
		if got := rights(Subject{Name: "user:bootstrap", Admin: true}, Resource{tt.kind, "team", nil}); got != tt.admin {
			t.Errorf("admin of %s: %q, want %q", tt.kind, got, tt.admin)
		}
	}
}

func rights(s Subject, r Resource) string {
	var b strings.Builder
	for _, v := range []Verb{Read, Create, Update, Delete, Inspect} {
		err := Allow(s, v, r)
		if err == nil {
			b.WriteByte(v[0])
		} else if denied := (*DeniedError)(nil); !errors.As(err, &denied) || denied.Message == "" {
			return err.Error()
		}
	}
	return b.String()
}

func TestTokensReachNoOtherNamespace(t *testing.T) {
	token := Subject{Name: "token:namespaces/team/apitokens/o", TokenNamespace: "team", TokenRole: "owner"}
	open := []resource.RoleBinding{{Role: "owner", Members: []string{"system:authenticated"}}}
	if err := Allow(token, Read, Resource{Deployments, "other", open}); err == nil {
		t.Error("a token of team reads in other")
	}
	if err := Allow(token, Create, Resource{Kind: Namespaces}); err == nil {
		t.Error("a token makes namespaces")
	}
}

func TestTheStrongestRoleCounts(t *testing.T) {
	all := append(team[2:3:3], resource.RoleBinding{Role: "viewer", Members: []string{"user:olga"}}, resource.RoleBinding{Role: "emperor", Members: []string{"user:olga"}})
	if got := RoleIn(Subject{Name: "user:olga"}, "team", all); got != resource.RoleOwner {
		t.Errorf("olga is %s", got)
	}
	if got := RoleIn(Subject{Name: "user:x", Groups: []string{""}}, "team", []resource.RoleBinding{{Role: "owner", Members: []string{"group:", "user:"}}}); got != "" {
		t.Errorf("an empty group makes x %s", got)
	}
}
