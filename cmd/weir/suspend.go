package main

import (
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/resource"
)

func suspendCommand(s *session) *cobra.Command {
	return s.stateCommand("suspend", "is to be suspended", resource.StateSuspended, "Stop a deployment with a savepoint",
		"Take a savepoint of a deployment and stop it. The job goes on running until the savepoint is complete.")
}
