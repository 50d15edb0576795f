package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/test/bench/state"
)

func benchStateCommand(s *session) *cobra.Command {
	o := state.Options{}
	output, set := "table", []string(nil)
	c := &cobra.Command{
		Use:   "state",
		Short: "Measure what the state of many keys costs",
		Long: `Measure what keyed state costs besides the work on it: COUNT, SUM and MAX by many
keys run as a job into a sink that drops the rows. Told are the memory of a key,
checkpoints of everything and of what changed, how long a barrier stopped a task,
a full collection of garbage, the job when it has nothing to do, and its start
from the last checkpoint.`,
		Example: example("weir bench state\nweir bench state --keys 1000000 --output json"),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usagef("--output must be table or json, got %q", output)
			}
			var err error
			if o.Config, err = pairs("--set", set); err != nil {
				return err
			}
			if output == "table" {
				fmt.Fprintf(s.out, "%-28s %10s  %-14s %s\n", "WHAT", "", "", "GOAL")
			}
			return state.Run(c.Context(), o, func(r state.Row) {
				if output == "json" {
					_ = json.NewEncoder(s.out).Encode(r) // a broken pipe ends the next line as well
					return
				}
				goal := ""
				if r.Goal != 0 && r.More {
					goal = fmt.Sprintf("at least %g", r.Goal)
				} else if r.Goal != 0 {
					goal = fmt.Sprintf("at most %g", r.Goal)
				}
				fmt.Fprintf(s.out, "%-28s %10.2f  %-14s %s\n", r.Name, r.Value, r.Unit, goal)
			})
		},
	}
	f := c.Flags()
	f.Int64Var(&o.Keys, "keys", 10_000_000, "keys of the state")
	f.IntVar(&o.Parallelism, "parallelism", 2, "subtasks of each stage")
	f.StringVar(&o.Memory, "state-memory", "", "memory for state, such as 512mb; empty for half of what the machine has")
	f.StringVar(&o.Profile, "cpu-profile", "", "file for a profile of the processor time of the start, for go tool pprof")
	f.StringArrayVar(&set, "set", nil, "a setting, KEY=VALUE")
	f.StringVar(&output, "output", output, "table or json")
	return c
}
