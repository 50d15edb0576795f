package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/wire"
)

// deployment finds the deployment of the path, by id or name.
func (g *Gateway) deployment(r *http.Request, ref string) (resource.Deployment, error) {
	n, err := g.namespace(r)
	if err != nil {
		return resource.Deployment{}, err
	}
	d, err := g.Deployments.Get(r.Context(), ref)
	if errors.Is(err, resource.ErrNotFound) || err == nil && d.Metadata.Namespace != n.Metadata.Name {
		d, err = g.Deployments.GetByName(r.Context(), n.Metadata.Name, ref)
	}
	if errors.Is(err, resource.ErrNotFound) {
		return d, fmt.Errorf("deployment %q in namespace %q: %w", ref, n.Metadata.Name, resource.ErrNotFound)
	}
	return d, err
}

// jobGraphDocument is the wire form of a translated script.
type jobGraphDocument struct {
	Name                   string            `json:"name"`
	State                  string            `json:"state"`
	SQLStatement           string            `json:"sqlStatement"`
	FlinkVersion           string            `json:"flinkVersion"`
	FullFlinkConfiguration map[string]string `json:"fullFlinkConfiguration"`
	UserFlinkConfiguration map[string]string `json:"userFlinkConfiguration"`
	JobGraphPath           string            `json:"jobgraphPath"`
	JarURIs                []string          `json:"jarUris"`
	SourceTables           []referencedTable `json:"sourceTables"`
	SinkTables             []referencedTable `json:"sinkTables"`
	ErrorDetails           *errorDetails     `json:"errorDetails,omitempty"`
	CreateTime             resource.Time     `json:"createTime"`
	UpdateTime             resource.Time     `json:"updateTime"`
}

type referencedTable struct {
	CatalogName  string      `json:"catalogName"`
	DatabaseName string      `json:"databaseName"`
	Temporary    bool        `json:"temporary"`
	Table        tableObject `json:"table"`
}

// createJobGraph translates a script and tells what it reads and writes. The
// graph is not kept: a job translates its script when it is launched.
func (g *Gateway) createJobGraph(w http.ResponseWriter, r *http.Request) error {
	d, err := g.deployment(r, r.PathValue("deploymentId"))
	if err != nil {
		return err
	}
	var in struct {
		JobID                  string            `json:"jobId"`
		SQLStatement           string            `json:"sqlStatement"`
		FlinkVersion           string            `json:"flinkVersion"`
		FullFlinkConfiguration map[string]string `json:"fullFlinkConfiguration"`
		UserFlinkConfiguration map[string]string `json:"userFlinkConfiguration"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if in.SQLStatement == "" {
		in.SQLStatement = d.Spec.Template.Spec.Artifact.SQLScript
	}
	if in.SQLStatement == "" {
		return resource.Invalidf("sqlStatement", "must be set: deployment %q has no script", d.Metadata.Name)
	}
	if err := g.checkSize("sqlStatement", in.SQLStatement); err != nil {
		return err
	}
	release, err := g.compiling(r.Context())
	if err != nil {
		return err
	}
	defer release()
	o, err := g.open(r.Context(), d.Metadata.Namespace, "", "")
	if err != nil {
		return err
	}
	now := resource.At(time.Now())
	out := jobGraphDocument{
		Name:  fullName(d.Metadata.Namespace, "deployments", d.Metadata.ID) + "/jobgraphs/" + in.JobID,
		State: "JOBGRAPH_STATE_COMPLETED", SQLStatement: in.SQLStatement, FlinkVersion: in.FlinkVersion,
		FullFlinkConfiguration: in.FullFlinkConfiguration, UserFlinkConfiguration: in.UserFlinkConfiguration,
		JarURIs: []string{}, SourceTables: []referencedTable{}, SinkTables: []referencedTable{}, CreateTime: now, UpdateTime: now,
	}
	for _, m := range []*map[string]string{&out.FullFlinkConfiguration, &out.UserFlinkConfiguration} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	for key, value := range in.FullFlinkConfiguration {
		o.Configure(key, value)
	}
	outcome, err := o.CompileScript(in.SQLStatement)
	if err != nil {
		out.State, out.ErrorDetails = "JOBGRAPH_STATE_FAILED", detailsOf(err, in.SQLStatement)
	} else {
		out.SourceTables, out.SinkTables = o.referenced(outcome.Sources), o.referenced(outcome.Sinks)
	}
	return platform.Reply(w, r, http.StatusOK, "jobgraph", out)
}

func (o *opened) referenced(tables []graph.Table) []referencedTable {
	out := []referencedTable{}
	for _, t := range tables {
		if x := o.Catalog().Table(catalog.Path{Catalog: t.Catalog, Database: t.Database, Name: t.Name}); x != nil {
			out = append(out, referencedTable{t.Catalog, t.Database, x.Temporary, toTable(x)})
		}
	}
	return out
}

// deleteJobGraphs removes nothing, because nothing is kept.
func (g *Gateway) deleteJobGraphs(w http.ResponseWriter, r *http.Request) error {
	if _, err := g.deployment(r, r.PathValue("deploymentName")); err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, "deletedJobGraphs", []struct{}{})
}

// validateConfigChange names the options of a configuration with which a job
// could not go on from the state of the one before: those that the engine does
// not take, and a number of key groups that differs.
func (g *Gateway) validateConfigChange(w http.ResponseWriter, r *http.Request) error {
	d, err := g.deployment(r, r.PathValue("deploymentName"))
	if err != nil {
		return err
	}
	var in struct {
		FlinkVersion string            `json:"flinkVersion"`
		NewConfig    map[string]string `json:"newConfig"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	was := d.Spec.Template.Spec.FlinkConfiguration
	unsupported := []string{}
	for _, key := range slices.Sorted(maps.Keys(in.NewConfig)) {
		value := in.NewConfig[key]
		if value == was[key] {
			continue
		}
		if key == "pipeline.max-parallelism" || g.Engine.CheckConfig(map[string]string{key: value}) != nil {
			unsupported = append(unsupported, key)
		}
	}
	if _, kept := in.NewConfig["pipeline.max-parallelism"]; !kept && was["pipeline.max-parallelism"] != "" {
		unsupported = append(unsupported, "pipeline.max-parallelism")
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		UnsupportedConfigOptions []string `json:"unsupportedConfigOptions"`
	}{unsupported})
	return nil
}
