package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func doctorCommand(s *session) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "doctor NAME",
		Short: "Say why a deployment gives no output, or is slow",
		Long: "Say why a deployment gives no output, or is slow: rules of the server look at its state and at what was measured of its job, and each finding comes\n" +
			"with what proves it and what to do. The exit code is 0 whatever is found; -o json gives the findings to scripts, -o wide every question that was asked.",
		Example:           example("weir doctor orders\nweir doctor orders -o wide\nweir doctor orders -o json"),
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeDeployments,
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "text, wide, json or yaml")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if !slices.Contains([]string{"text", "wide", "json", "yaml"}, output) {
			return usagef("output %q is not known; it can be text, wide, json or yaml", output)
		}
		name := deploymentName(args[0])
		d, err := api.Diagnosis(ctx, s.ns(), name)
		if err != nil {
			return s.whereIsIt(ctx, api, name, err)
		}
		if output == "json" || output == "yaml" {
			return s.document(d, output)
		}
		return s.showDiagnosis(d, output == "wide")
	})
}

func (s *session) showDiagnosis(d resource.Diagnosis, wide bool) error {
	fmt.Fprintln(s.out, d.Summary)
	for _, f := range d.Findings {
		fmt.Fprintf(s.out, "\n%s  %s (%s)\n", f.Severity, f.Title, f.Rule)
		fmt.Fprintf(s.out, "  %s\n", hanging(f.Explanation))
		for _, e := range f.Evidence {
			fmt.Fprintf(s.out, "    %s: %s\n", e.Name, hanging(e.Value))
		}
		fmt.Fprintf(s.out, "  What to do: %s\n", hanging(f.Remedy))
	}
	if !wide {
		return nil
	}
	fmt.Fprintln(s.out)
	t := &table{head: []string{"QUESTION", "ANSWER", "NOTE"}}
	for _, c := range d.Checked {
		t.add(c.Title, strings.ToLower(string(c.Verdict)), c.Note)
	}
	return t.write(s.out, nil)
}

// hanging keeps the further lines of a text in their place.
func hanging(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") }
