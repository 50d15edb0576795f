package main

import "github.com/spf13/cobra"

func serverCommand(s *session) *cobra.Command { return &cobra.Command{Use: "server"} }
