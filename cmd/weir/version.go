package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

// Set by the linker in released builds.
var (
	version = "dev"
	commit  = ""
	built   = "" // RFC 3339
)

// build says which weir this is, from the linker and the module's own record.
type build struct {
	Version string    `json:"version"`
	Commit  string    `json:"commit,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Go      string    `json:"go"`
}

func thisBuild() build {
	b := build{Version: version, Commit: commit, Go: runtime.Version()}
	b.Time, _ = time.Parse(time.RFC3339, built) // unknown is no reason to fail
	info, ok := debug.ReadBuildInfo()
	if !ok || b.Commit != "" {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time, _ = time.Parse(time.RFC3339, s.Value)
		}
	}
	return b
}

func versionCommand(s *session) *cobra.Command {
	var output string
	var local bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Show the version of this binary and of the server",
		Example: example("weir version --client"),
		Args:    cobra.NoArgs,
	}
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	c.Flags().BoolVar(&local, "client", false, "this binary only; no server is asked")
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		if output != "table" && output != "json" {
			return usagef("output %q is not known; it can be table or json", output)
		}
		out := struct {
			Client build           `json:"client"`
			Server *client.Version `json:"server,omitempty"`
		}{Client: thisBuild()}
		var unreachable error
		if !local {
			v, err := api.ServerVersion(ctx)
			if err == nil {
				out.Server = &v
			}
			unreachable = err
		}
		if output == "json" {
			return printJSON(s.out, out)
		}
		fmt.Fprintf(s.out, "client   %s %s\n", out.Client.Version, out.Client.Commit)
		if out.Server != nil {
			fmt.Fprintf(s.out, "server   %s %s   %s\n", out.Server.Platform, out.Server.CommitHash, api.Server())
		} else if !local {
			fmt.Fprintf(s.err, "No server: %v\n", unreachable)
		}
		return nil
	})
}
