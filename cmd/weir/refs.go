package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// wantedKind is a kind that a command line names, and which of it; no names
// mean all.
type wantedKind struct {
	kind
	refs []string
}

// parseRefs reads what to work with: KIND, KIND,KIND, KIND NAME…, or
// KIND/NAME…, which is how -o name prints resources.
func parseRefs(args []string) ([]wantedKind, error) {
	if strings.Contains(args[0], "/") {
		var all []wantedKind
		for _, arg := range args {
			word, name, ok := strings.Cut(arg, "/")
			if !ok || name == "" {
				return nil, usagef("%q: want KIND/NAME, as the arguments before it are", arg)
			}
			k, err := findKind(word)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(all, func(w wantedKind) bool { return w.kind.kind == k.kind })
			if i < 0 {
				i = len(all)
				all = append(all, wantedKind{kind: k})
			}
			all[i].refs = append(all[i].refs, name)
		}
		return all, nil
	}
	words := strings.Split(args[0], ",")
	if len(words) > 1 && len(args) > 1 {
		return nil, usagef("several kinds and names do not go together; write KIND/NAME for each")
	}
	var all []wantedKind
	for _, word := range words {
		k, err := findKind(word)
		if err != nil {
			return nil, err
		}
		all = append(all, wantedKind{k, args[1:]})
	}
	return all, nil
}

// deploymentName takes the kind off a name as -o name prints it.
func deploymentName(ref string) string {
	if word, name, ok := strings.Cut(ref, "/"); ok {
		if k, err := findKind(word); err == nil && k.kind == resource.KindDeployment {
			return name
		}
	}
	return ref
}

// fetch gets one resource; one that is missing is looked for under near names.
func (s *session) fetch(ctx context.Context, api *client.Client, k kind, ref string) (resource.Object, error) {
	v, err := k.get(ctx, api, s.ns(), ref)
	if client.IsNotFound(err) {
		return nil, s.nearNames(ctx, api, k, ref, err)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// nearNames adds to a not-found error the name that was probably meant.
func (s *session) nearNames(ctx context.Context, api *client.Client, k kind, name string, err error) error {
	all, listErr := k.list(ctx, api, s.ns(), client.Query{})
	if listErr != nil {
		return err
	}
	names := namesOf(all, k.name)
	hint := near(name, names)
	if hint == "" || slices.Contains(names, name) {
		return err
	}
	return &exitError{client.ExitNotFound, errors.New(strings.TrimSuffix(err.Error(), hint) + hint)}
}

// whereIsIt adds to a not-found error of a deployment the names that exist.
func (s *session) whereIsIt(ctx context.Context, api *client.Client, name string, err error) error {
	if !client.IsNotFound(err) {
		return err
	}
	k, findErr := findKind("deployments")
	if findErr != nil {
		return err
	}
	return s.nearNames(ctx, api, k, name, err)
}

// completeRefs completes KIND NAME… and KIND/NAME….
func (s *session) completeRefs(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	kindWord, _, slashed := strings.Cut(word, "/")
	switch {
	case slashed:
	case len(args) == 0:
		return kindNames(), cobra.ShellCompDirectiveNoFileComp
	case strings.ContainsAny(args[0], "/,"):
		return nil, cobra.ShellCompDirectiveNoFileComp
	default:
		kindWord = args[0]
	}
	k, err := findKind(kindWord)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return s.complete(c, func(ctx context.Context, api *client.Client) ([]string, error) {
		all, err := k.list(ctx, api, s.ns(), client.Query{})
		names := slices.DeleteFunc(namesOf(all, k.name), func(name string) bool { return slices.Contains(args, name) })
		if slashed {
			for i := range names {
				names[i] = kindWord + "/" + names[i]
			}
		}
		return names, err
	})
}
