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
	description       string
	folder, script    string // in package examples
}

var demos = []demo{
	{
		"flights-delays", "Flight delays",
		"Real flights out of New York in 2013 as a live stream: delays by airline and hour, joined with the airlines' names, and the worst destinations so far.",
		"flights", "delays.sql",
	},
}

// examplesIn are the examples as the API gives them; their data is put into a
// folder when one is deployed.
type examplesIn string

func (data examplesIn) List() ([]rest.Example, error) {
	var all []rest.Example
	for _, d := range demos {
		script, err := d.placed(string(data))
		if err != nil {
			return nil, err
		}
		all = append(all, rest.Example{Name: d.name, DisplayName: d.displayName, Description: d.description, Script: script})
	}
	return all, nil
}

func (data examplesIn) Deployment(namespace, name string) (resource.Deployment, error) {
	for _, d := range demos {
		if d.name != name {
			continue
		}
		if err := unpack(d.folder, d.dir(string(data))); err != nil {
			return resource.Deployment{}, fmt.Errorf("put the data of example %s in place: %w", name, err)
		}
		script, err := d.placed(string(data))
		return d.deployment(namespace, script), err
	}
	return resource.Deployment{}, fmt.Errorf("example %q: %w", name, resource.ErrNotFound)
}

func (d demo) dir(data string) string { return filepath.Join(data, "examples", d.folder) }

// placed is the script with the places of its data.
func (d demo) placed(data string) (string, error) {
	script, err := fs.ReadFile(examples.FS, d.folder+"/"+d.script)
	if err != nil {
		return "", fmt.Errorf("example %s: %w", d.name, err)
	}
	return placed(string(script), d.dir(data)), nil
}

func (d demo) deployment(namespace, script string) resource.Deployment {
	var out resource.Deployment
	out.Metadata = resource.Metadata{
		Name: d.name, DisplayName: d.displayName, Namespace: namespace,
		Labels: map[string]string{"example": d.folder},
	}
	out.Spec.State = resource.StateRunning
	out.Spec.Template.Spec.Artifact = resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: script}
	return out
}

// loadExamples puts the examples' files into the data folder and deploys them;
// a deployment of that name that is there already stays as it is.
func loadExamples(ctx context.Context, r rest.Resources, data string) error {
	for _, d := range demos {
		if err := unpack(d.folder, d.dir(data)); err != nil {
			return err
		}
		script, err := d.placed(data)
		if err != nil {
			return err
		}
		if err := deployExample(ctx, r, d, script); err != nil {
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
	d := resource.ApplyDefaults(resource.DeploymentDefaults{}, defaults, example.deployment(firstNamespace, script))
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
