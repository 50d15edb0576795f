package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/test/bench/loops"
)

func benchLoopsCommand(s *session) *cobra.Command {
	names, output, n := "all", "table", 1<<23
	c := &cobra.Command{
		Use:   "loops",
		Short: "Measure the engine's loops beside loops written by hand",
		Long: `Measure the loops that most of a query's time goes into, each beside a loop written
by hand for exactly that case, in the same process on the same rows. Rates are rows
per second of processor time; SHARE is the engine's part of the hand-written rate,
which machines and their load change little.`,
		Example: example("weir bench loops\nweir bench loops --loops filter,group --output json"),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usagef("--output must be table or json, got %q", output)
			}
			if n < 1 {
				return usagef("--rows must be at least 1")
			}
			chosen := loops.Names()
			if names != "all" {
				chosen = strings.Split(names, ",")
				for _, name := range chosen {
					if !slices.Contains(loops.Names(), name) {
						return usagef("no loop %q; there are %s", name, strings.Join(loops.Names(), ", "))
					}
				}
			}
			for i, name := range chosen {
				r, err := loops.Run(c.Context(), name, n)
				if err != nil {
					return err
				}
				if output == "json" {
					if err := json.NewEncoder(s.out).Encode(r); err != nil {
						return err
					}
					continue
				}
				if i == 0 {
					fmt.Fprintf(s.out, "%-10s %12s %12s %7s  %s\n", "LOOP", "M ROWS/CPU s", "BY HAND", "SHARE", "DOES")
				}
				fmt.Fprintf(s.out, "%-10s %12.1f %12.1f %7.2f  %s\n", r.Name, r.Engine/1e6, r.Reference/1e6, r.Share, r.Does)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&names, "loops", names, "names, or all")
	f.IntVar(&n, "rows", n, "rows for each")
	f.StringVar(&output, "output", output, "table or json")
	return c
}
