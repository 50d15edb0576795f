package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/examples"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/rest"
)

// demo is a deployment made of an example.
type demo struct {
	name, displayName string
	folder, script    string // in package examples
}

var demos = []demo{
	{"flights-delays", "Flight delays", "flights", "delays.sql"},
}

// loadExamples puts the examples' files into the data folder and deploys them;
// a deployment of that name that is there already stays as it is.
func loadExamples(ctx context.Context, r rest.Resources, data string) error {
	for _, d := range demos {
		dir := filepath.Join(data, "examples", d.folder)
		if err := unpack(d.folder, dir); err != nil {
			return err
		}
		script, err := fs.ReadFile(examples.FS, d.folder+"/"+d.script)
		if err != nil {
			return err
		}
		if err := deployExample(ctx, r, d, placed(string(script), dir)); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// placed makes the script's paths into its data folder absolute: a cluster
// runs in a folder of its own.
func placed(script, dir string) string {
	quoted := strings.ReplaceAll(filepath.Join(dir, "data"), "'", "''")
	return strings.ReplaceAll(script, "'data/", "'"+quoted+"/")
}

func deployExample(ctx context.Context, r rest.Resources, example demo, script string) error {
	_, err := r.Deployments.GetByName(ctx, firstNamespace, example.name)
	if !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	defaults, err := r.Defaults.GetByName(ctx, firstNamespace, "")
	if err != nil && !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	var d resource.Deployment
	d.Metadata = resource.Metadata{
		Name: example.name, DisplayName: example.displayName, Namespace: firstNamespace,
		Labels: map[string]string{"example": example.folder},
	}
	d.Spec.State = resource.StateRunning
	d.Spec.Template.Spec.Artifact = resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: script}
	d = resource.ApplyDefaults(resource.DeploymentDefaults{}, defaults, d)
	if err := d.Validate(); err != nil {
		return err
	}
	d.CountSpecVersion(resource.Deployment{})
	d.Status.State = resource.StateCancelled
	_, err = r.Deployments.Create(ctx, control.By, d)
	return err
}

// unpack writes the files of an example that are not there as they should be.
func unpack(folder, dir string) error {
	return fs.WalkDir(examples.FS, folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, strings.TrimPrefix(path, folder))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := fs.ReadFile(examples.FS, path)
		if err != nil {
			return err
		}
		if old, err := os.ReadFile(target); err == nil && bytes.Equal(old, content) {
			return nil
		}
		// A running job may be reading the old file: it keeps what it has open.
		temporary := target + ".new"
		if err := os.WriteFile(temporary, content, 0o644); err != nil {
			return err
		}
		return os.Rename(temporary, target)
	})
}
