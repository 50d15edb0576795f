package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// conditions are what --for takes of deployments.
var conditions = map[string]goal{
	"running":   reaches(resource.StateRunning),
	"suspended": reaches(resource.StateSuspended),
	"cancelled": reaches(resource.StateCancelled),
	"finished":  reaches(resource.StateFinished),
	"failed": func(at sight) (bool, error) {
		return at.deployment.Status.State == resource.StateFailed, nil
	},
	"settled": func(at sight) (bool, error) { return settled(0, time.Time{}, false)(at) },
}

func waitCommand(s *session) *cobra.Command {
	var condition string
	var timeout time.Duration
	names := []string{"running", "suspended", "cancelled", "finished", "failed", "settled", "deleted"}
	c := &cobra.Command{
		Use:   "wait [KIND] NAME --for CONDITION",
		Short: "Wait until a deployment, or another resource, is in a state",
		Long: "Wait until a deployment is " + strings.Join(names, ", ") + ". \"running\" means that a job of the newest template runs; \"settled\" that the\n" +
			"wanted state is reached, whatever it is. Other kinds: a state of theirs, such as completed of a savepoint, or deleted. For all kinds, a field\n" +
			"with a value works too: jsonpath={.status.state}=RUNNING, or .metadata.generation=3. What fails meanwhile ends the wait with exit code 1.",
		Example: example(`weir wait orders --for running --timeout 30s
weir wait savepoint 3f0c2a4e-… --for completed
weir wait sessioncluster shared --for running
weir wait orders --for 'jsonpath={.metadata.labels.tier}=gold'`),
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 && !strings.Contains(word, "/") {
				deployments, _ := s.completeDeployments(c, nil, word)
				return append(deployments, kindNames()...), cobra.ShellCompDirectiveNoFileComp
			}
			return s.completeRefs(c, args, word)
		},
	}
	c.Flags().StringVar(&condition, "for", "", strings.Join(names, ", ")+", another state, or a field with a value")
	c.Flags().DurationVar(&timeout, "timeout", 0, "how long to wait at most, such as 30s (0: for ever); exit code 124 when it passes")
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if len(args) == 1 && !strings.Contains(args[0], "/") {
			args = []string{"deployment", args[0]}
		}
		wanted, err := parseRefs(args)
		if err != nil {
			return err
		}
		if len(wanted) != 1 || len(wanted[0].refs) != 1 {
			return usagef("wait is for one resource: NAME, KIND NAME or KIND/NAME")
		}
		k, ref := wanted[0].kind, wanted[0].refs[0]
		field, isField, err := parseCondition(condition)
		if err != nil {
			return err
		}
		word := strings.ToLower(strings.TrimPrefix(condition, "state="))
		switch {
		case isField:
			return s.waitField(ctx, api, k, ref, timeout, field)
		case word == "":
			return usagef("--for must be given: %s", strings.Join(names, ", "))
		case word == "deleted" || word == "delete":
			return s.awaitGone(ctx, api, k, ref, timeout)
		case k.kind == resource.KindDeployment:
			return s.waitDeployment(ctx, api, ref, timeout, word, names)
		}
		return s.waitState(ctx, api, k, ref, timeout, strings.ToUpper(word))
	})
}

func (s *session) waitDeployment(ctx context.Context, api *client.Client, name string, timeout time.Duration, word string, names []string) error {
	if conditions[word] == nil {
		return usagef("--for must be one of %s, or a field with a value, got %q%s", strings.Join(names, ", "), word, near(word, names))
	}
	d, err := s.await(ctx, api, name, timeout, conditions[word])
	if err != nil {
		return s.whereIsIt(ctx, api, name, err)
	}
	fmt.Fprintf(s.out, "deployment %s is %s\n", d.Metadata.Name, d.Status.State)
	return nil
}

// statesOf are the states that resources of a kind can be seen in.
var statesOf = map[resource.Kind][]string{
	resource.KindJob: {"STARTING", "STANDBY", "STARTED", "TERMINATING", "TERMINATED", "FINISHED", "FAILED"},
	resource.KindSavepoint: {
		string(resource.SavepointStarted), string(resource.SavepointCompleted), string(resource.SavepointFailed),
		string(resource.SavepointPendingDeletion), string(resource.SavepointDeleting), string(resource.SavepointFailedDeletion),
	},
	resource.KindSessionCluster: {
		string(resource.SessionStopped), string(resource.SessionStarting), string(resource.SessionRunning),
		string(resource.SessionUpdating), string(resource.SessionStopping), string(resource.SessionFailed),
	},
	resource.KindNamespace: {"ACTIVE", "TERMINATING"},
}

func (s *session) waitState(ctx context.Context, api *client.Client, k kind, ref string, timeout time.Duration, state string) error {
	known := statesOf[k.kind]
	if known == nil {
		return usagef("%s have no states; wait for a field (jsonpath={.spec.x}=value) or deleted", k.names[0])
	}
	if !slices.Contains(known, state) {
		return usagef("--for: %s are %s or deleted, got %q%s", k.names[0], strings.ToLower(strings.Join(known, ", ")), strings.ToLower(state), near(state, known))
	}
	_, err := s.awaitObject(ctx, api, k, ref, timeout, state, func(o resource.Object) (bool, error) {
		now := stateOf(o)
		if now != state && slices.Contains([]string{"FAILED", "FAILED_DELETION", "FINISHED", "TERMINATED"}, now) {
			return false, fmt.Errorf("%s %q has ended as %s", k.names[1], ref, now)
		}
		return now == state, nil
	})
	if client.IsNotFound(err) {
		return s.nearNames(ctx, api, k, ref, err)
	}
	if err == nil {
		fmt.Fprintf(s.out, "%s %s is %s\n", k.names[1], ref, state)
	}
	return err
}

// fieldCondition is a field that is to have a value; without one, any.
type fieldCondition struct {
	text  string
	path  path
	value string
	any   bool
}

// parseCondition reads .a.b=value, jsonpath={.a.b}=value and jsonpath={.a.b}.
func parseCondition(text string) (c fieldCondition, isField bool, err error) {
	rest, marked := strings.CutPrefix(text, pathPrefix)
	if !marked && !strings.HasPrefix(text, ".") && !strings.HasPrefix(text, "{") {
		return c, false, nil
	}
	where, value := rest, ""
	if end := strings.LastIndex(rest, "}"); strings.HasPrefix(rest, "{") && end > 0 {
		where, value = rest[:end+1], rest[end+1:]
		if value != "" && value[0] != '=' {
			return c, true, usagef("--for %q: after the path comes =value", text)
		}
		c.any = value == ""
		value = strings.TrimPrefix(value, "=")
	} else if before, after, ok := strings.Cut(rest, "="); ok {
		where, value = before, after
	} else {
		c.any = true
	}
	c.text, c.value = text, strings.Trim(value, `"'`)
	c.path, err = parsePath(where)
	return c, true, err
}

func (c fieldCondition) holds(o resource.Object) (bool, error) {
	document, err := tree(o)
	if err != nil {
		return false, err
	}
	for _, v := range c.path.find(document) {
		if c.any || plainText(v) == c.value {
			return true, nil
		}
	}
	return false, nil
}

func (s *session) waitField(ctx context.Context, api *client.Client, k kind, ref string, timeout time.Duration, c fieldCondition) error {
	_, err := s.awaitObject(ctx, api, k, ref, timeout, c.text, c.holds)
	if client.IsNotFound(err) {
		return s.nearNames(ctx, api, k, ref, err)
	}
	if err == nil {
		fmt.Fprintf(s.out, "%s %s: %s\n", k.names[1], ref, c.text)
	}
	return err
}
