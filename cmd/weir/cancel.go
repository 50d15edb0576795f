package main

import (
	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/resource"
)

func cancelCommand(s *session) *cobra.Command {
	return s.stateCommand("cancel", "is to be cancelled", resource.StateCancelled, "Stop a deployment without a savepoint",
		"Stop a deployment at once. Its newest checkpoint is kept, if it has one; what came after it is done again at the next start.")
}
