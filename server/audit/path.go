package audit

import (
	"net/http"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// kinds are the kinds of resources by their segment in paths.
var kinds = map[string]resource.Kind{
	"deployments":         resource.KindDeployment,
	"deployment-defaults": resource.KindDeploymentDefaults,
	"deployment-targets":  resource.KindDeploymentTarget,
	"jobs":                resource.KindJob,
	"savepoints":          resource.KindSavepoint,
	"secret-values":       resource.KindSecretValue,
	"sessionclusters":     resource.KindSessionCluster,
	"namespaces":          resource.KindNamespace,
	"apitokens":           resource.KindAPIToken,
	"sqlscripts":          resource.KindSQLScript,
	"udfartifacts":        resource.KindUDFArtifact,
	"connectors":          resource.KindConnector,
	"formats":             resource.KindFormat,
	"catalog-connectors":  resource.KindCatalogConnector,
	"autopilotpolicy":     resource.KindAutopilotPolicy,
	"artifacts":           "Artifact",
	"resourceusage":       "ResourceUsage",
}

// reading are the verbs that change nothing although they are sent by POST.
var reading = map[string]bool{
	"plan": true, "validate": true, "suggest": true, "analyze-jars": true, "validate-config-change": true,
}

// changes tells whether a request wants to change something.
func changes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	if strings.HasPrefix(r.URL.Path, "/auth/") { // signing in and out is no change of anything here
		return false
	}
	if dry := r.URL.Query(); dry.Has("dryRun") && !strings.EqualFold(dry.Get("dryRun"), "false") {
		return false
	}
	_, verb := cutVerb(r.URL.Path)
	return !reading[verb]
}

// fromPath is what the path and method of a request say of it.
func fromPath(r *http.Request) resource.AuditEntry {
	var e resource.AuditEntry
	path, verb := cutVerb(r.URL.Path)
	switch e.Action = verb; {
	case verb != "":
	case r.Method == http.MethodPost:
		e.Action = "create"
	case r.Method == http.MethodPut:
		e.Action = "replace"
	case r.Method == http.MethodPatch:
		e.Action = "update"
	case r.Method == http.MethodDelete:
		e.Action = "delete"
	default:
		e.Action = strings.ToLower(r.Method)
	}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) > 1 && segments[0] == "namespaces" { // the family of that name
		segments = segments[2:]
	}
	// Pairs of a collection and a name, from /namespaces/{namespace} on; the
	// last collection is what it is about.
	for i := 0; i < len(segments); i++ {
		kind, ok := kinds[segments[i]]
		if !ok {
			continue
		}
		e.Kind = kind
		name := ""
		if i+1 < len(segments) {
			name = segments[i+1]
			i++
		}
		if kind == resource.KindNamespace {
			e.Namespace = name
		}
		if name != "" || kind != resource.KindAutopilotPolicy { // which is called as its deployment
			e.Name = name
		}
	}
	if e.Kind == "Artifact" {
		e.Name = r.URL.Query().Get("filename")
	}
	return e
}

// cutVerb takes the verb off a path: /x/orders:reset, /x/artifacts:upload.
func cutVerb(path string) (rest, verb string) {
	last := strings.LastIndexByte(path, '/') + 1
	if i := strings.LastIndexByte(path[last:], ':'); i >= 0 {
		return path[:last+i], path[last+i+1:]
	}
	return path, ""
}
