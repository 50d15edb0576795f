package main

import (
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/resource"
)

func startCommand(s *session) *cobra.Command {
	return s.stateCommand("start", "is to run", resource.StateRunning, "Start a deployment",
		"Start a deployment from the state its restore strategy chooses: the newest there is, unless told otherwise.")
}
