package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func historyCommand(s *session) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:               "history NAME",
		Short:             "Show every accepted spec of a deployment: when, by whom, what changed",
		Example:           example("weir history orders\nweir diff deployment orders --revision 3..5"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	outputFlag(c, &output)
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		revisions, err := api.Revisions(ctx, s.ns(), args[0])
		if err != nil {
			return s.whereIsIt(ctx, api, args[0], err)
		}
		switch output {
		case "json", "yaml":
			v := struct {
				Kind       string              `json:"kind"`
				APIVersion string              `json:"apiVersion"`
				Metadata   struct{}            `json:"metadata"`
				Items      []resource.Revision `json:"items"`
			}{Kind: "RevisionList", APIVersion: resource.APIVersion, Items: revisions}
			if output == "json" {
				return printJSON(s.out, v)
			}
			return printYAML(s.out, v)
		case "name":
			for _, r := range revisions {
				fmt.Fprintln(s.out, r.Generation)
			}
			return nil
		}
		t := &table{head: []string{"GENERATION", "AGE", "BY", "CHANGED"}, right: []bool{true, true, false, false}}
		for i, r := range revisions {
			what := "created"
			if i > 0 {
				if what, err = specChanges(revisions[i-1].Spec, r.Spec, output == "wide"); err != nil {
					return fmt.Errorf("revision %d: %w", r.Generation, err)
				}
			}
			t.add(strconv.Itoa(r.Generation), age(time.Now(), r.CreatedAt), r.Author, what)
		}
		return t.write(s.out, nil)
	})
}

// specChanges says in one line what differs between two specs.
func specChanges(old, now json.RawMessage, all bool) (string, error) {
	changes, err := compareJSON(old, now)
	if err != nil {
		return "", err
	}
	const few = 3
	var parts []string
	for i, c := range changes {
		if i == few && !all {
			parts = append(parts, fmt.Sprintf("and %d more", len(changes)-few))
			break
		}
		parts = append(parts, c.String())
	}
	return strings.Join(parts, ", "), nil
}
