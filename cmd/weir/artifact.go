package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
)

func artifactCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "artifact",
		Short:   "Upload, list and delete the files that deployments run",
		Example: example("weir artifact upload target/orders-1.4.jar\nweir artifact list"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(artifactUploadCommand(s), s.listCommand("artifact", "artifacts"), s.deleteCommandOf("artifact"))
	return c
}

func artifactUploadCommand(s *session) *cobra.Command {
	var name, output string
	c := &cobra.Command{
		Use:     "upload FILE",
		Short:   "Upload a file, and print the URI that jarUri takes",
		Long:    "Upload a file, and print the URI that jarUri takes. A file of that name that is there is replaced.",
		Example: example("weir artifact upload target/orders-1.4.jar\nURI=$(weir artifact upload build/app.jar --name app-$COMMIT.jar)"),
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&name, "name", "", "name to keep it under (default: the file's own)")
	c.Flags().StringVarP(&output, "output", "o", "text", "text (the URI alone) or json")
	return s.verb(c, func(ctx context.Context, api *client.Client, args []string) error {
		if output != "text" && output != "json" {
			return usagef("output %q is not known; it can be text or json", output)
		}
		f, err := os.Open(args[0])
		if err != nil {
			return fmt.Errorf("upload: %w", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("upload: %w", err)
		}
		if info.IsDir() {
			return usagef("%s is a folder; an artifact is one file", args[0])
		}
		a, err := api.UploadArtifact(ctx, s.ns(), firstOf(name, filepath.Base(args[0])), f)
		if err != nil {
			return err
		}
		if output == "json" {
			return printJSON(s.out, a)
		}
		s.progressf("artifact %s uploaded, %s", a.Filename, size(info.Size()))
		fmt.Fprintln(s.out, a.URI)
		return nil
	})
}
