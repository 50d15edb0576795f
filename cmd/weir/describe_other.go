package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// describeOther shows a resource that is no deployment: what it is, what it
// says as YAML, and what belongs to it.
func (s *session) describeOther(ctx context.Context, api *client.Client, o resource.Object) error {
	m, now := o.Meta(), time.Now()
	facts := [][2]string{
		{"Kind", string(o.ResourceKind())},
		{"Name", firstOf(m.Name, m.ID)},
		{"Namespace", m.Namespace},
		{"State", stateOf(o)},
		{"Created", ago(now, m.CreatedAt)},
		{"Changed", ago(now, m.ModifiedAt)},
	}
	if m.Name != "" && m.ID != "" {
		facts = slices.Insert(facts, 3, [2]string{"Id", m.ID})
	}
	for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
		facts = append(facts, [2]string{"Label", k + "=" + m.Labels[k]})
	}
	if err := s.facts("", append(facts, otherFacts(o, now)...)); err != nil {
		return err
	}
	if spec := o.SpecOf(); spec != nil {
		text, err := toYAML(spec)
		if err != nil {
			return err
		}
		if body := strings.TrimSpace(string(text)); body != "{}" {
			fmt.Fprint(s.out, "\nSpec\n")
			if _, err := (indented{s.out}).Write(text); err != nil {
				return err
			}
		}
	}
	return s.describeOwned(ctx, api, o)
}

// otherFacts are what was seen of a resource.
func otherFacts(o resource.Object, now time.Time) [][2]string {
	switch v := o.(type) {
	case *resource.Job:
		facts := [][2]string{{"Deployment", v.Metadata.DeploymentName}, {"Session cluster", v.Metadata.SessionClusterName}}
		return append(facts, jobFacts(*v, now)[2:]...) // id and state are said
	case *resource.Savepoint:
		return [][2]string{
			{"Deployment id", v.Metadata.DeploymentID},
			{"Job", v.Metadata.JobID},
			{"Origin", string(v.Metadata.Origin)},
			{"Type", string(v.Metadata.Type)},
			{"Size", size(v.Status.SizeBytes)},
			{"Completed", ago(now, v.Status.CompletedAt)},
			{"Failure", v.Status.Failure.Message},
		}
	case *resource.SessionCluster:
		return [][2]string{
			{"Message", v.Status.Message},
			{"Failure", v.Status.Failure.Message},
			{"Running since", ago(now, v.Status.Running.StartedAt)},
			{"Seen", ago(now, v.Status.Running.LastUpdateTime)},
			{"Incarnation", v.Status.Incarnation},
		}
	case *resource.Event:
		return [][2]string{{"Message", v.Spec.Message}, {"By", v.Spec.Actor}}
	case *resource.SecretValue:
		return [][2]string{{"Used as", "${" + v.Metadata.Name + "}"}}
	}
	return nil
}

// describeOwned shows what belongs to a resource.
func (s *session) describeOwned(ctx context.Context, api *client.Client, o resource.Object) error {
	q := client.Query{Newest: 10}
	switch v := o.(type) {
	case *resource.Job:
		q.JobID = v.Metadata.ID
	case *resource.SessionCluster:
		q.SessionClusterID = v.Metadata.ID
		all, err := api.Deployments(s.ns()).List(ctx, client.Query{})
		if err != nil {
			return err
		}
		on := slices.DeleteFunc(all, func(d resource.Deployment) bool { return d.Spec.SessionClusterName != v.Metadata.Name })
		if err := s.part("Deployments on it", "deployments", objects(on)); err != nil {
			return err
		}
	case *resource.SecretValue:
		return s.describeUsers(ctx, api, v.Metadata.Name)
	case *resource.Namespace:
		return s.describeContents(ctx, api, v.Metadata.Name)
	default:
		return nil
	}
	events, err := api.Events(s.ns()).List(ctx, q)
	if err != nil {
		return err
	}
	return s.part("Events, newest last", "events", objects(events))
}

// describeUsers lists the deployments that refer to a secret.
func (s *session) describeUsers(ctx context.Context, api *client.Client, name string) error {
	all, err := api.Deployments(s.ns()).List(ctx, client.Query{})
	if err != nil {
		return err
	}
	var users []resource.Deployment
	for _, d := range all {
		text, err := toYAML(d.Spec)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "${"+name+"}") {
			users = append(users, d)
		}
	}
	return s.part("Deployments that use it", "deployments", objects(users))
}

// describeContents counts what is in a namespace.
func (s *session) describeContents(ctx context.Context, api *client.Client, namespace string) error {
	var facts [][2]string
	for _, word := range []string{"deployments", "sessionclusters", "targets", "secrets", "tokens", "sqlscripts", "artifacts"} {
		k, err := findKind(word)
		if err != nil {
			return err
		}
		all, err := k.list(ctx, api, namespace, client.Query{})
		if err != nil { // not served, or not for us to see
			continue
		}
		facts = append(facts, [2]string{k.names[0], strconv.Itoa(len(all))})
	}
	return s.facts("In it", facts)
}
