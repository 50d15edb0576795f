package gateway

import (
	"net/http"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/server/route"
)

// Routes is the table of contents. To carry out a statement is to change
// catalogs; to have one checked or completed is to read them.
func (g *Gateway) Routes() []route.Route {
	const sql, catalogs = "/sql/v1beta1/namespaces/{ns}", "/catalog/v1beta2/namespaces/{ns}/catalogs"
	need := func(v auth.Verb, k auth.Kind) auth.Need { return auth.Need{Verb: v, Kind: k} }
	connectors, formats, catalogConnectors := g.connectors(), g.formats(), g.catalogConnectors()
	return []route.Route{
		{Method: "GET", Path: sql + "/sqlscripts", Need: need(auth.Read, auth.SQLScripts), Handle: g.listScripts},
		{Method: "POST", Path: sql + "/sqlscripts", Need: need(auth.Create, auth.SQLScripts), Handle: g.createScript},
		{Method: "GET", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Read, auth.SQLScripts), Handle: g.getScript},
		{Method: "PUT", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Update, auth.SQLScripts), Handle: g.putScript},
		{Method: "DELETE", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Delete, auth.SQLScripts), Handle: g.deleteScript},
		{Method: "POST", Path: sql + "/sqlscripts:execute", Need: need(auth.Update, auth.Catalogs), Handle: g.executeStatement},
		{Method: "POST", Path: sql + "/sqlscripts:execute-multi", Need: need(auth.Update, auth.Catalogs), Handle: g.executeStatements},
		{Method: "POST", Path: sql + "/sqlscripts:follow", Need: need(auth.Update, auth.Catalogs), Streams: true, Handle: g.follow},
		{Method: "POST", Path: sql + "/sqlscripts:validate", Need: need(auth.Read, auth.Catalogs), Handle: g.validateStatement},
		{Method: "POST", Path: sql + "/sqlscripts:suggest", Need: need(auth.Read, auth.Catalogs), Handle: g.suggestCompletions},

		{Method: "GET", Path: sql + "/udfartifacts", Need: need(auth.Read, auth.UDFArtifacts), Handle: g.listUDFs},
		{Method: "POST", Path: sql + "/udfartifacts", Need: need(auth.Create, auth.UDFArtifacts), Handle: g.createUDF},
		{Method: "GET", Path: sql + "/udfartifacts/{udfArtifactName}", Need: need(auth.Read, auth.UDFArtifacts), Handle: g.getUDF},
		{Method: "PUT", Path: sql + "/udfartifacts/{udfArtifactName}", Need: need(auth.Update, auth.UDFArtifacts), Handle: g.putUDF},
		{Method: "DELETE", Path: sql + "/udfartifacts/{udfArtifactName}", Need: need(auth.Delete, auth.UDFArtifacts), Handle: g.deleteUDF},
		{Method: "POST", Path: sql + "/udfartifacts/{udfArtifactName}:upload-jar", Need: need(auth.Update, auth.UDFArtifacts), Streams: true, Handle: g.uploadJar},

		{Method: "GET", Path: sql + "/connectors", Need: need(auth.Read, auth.Connectors), Handle: connectors.list},
		{Method: "POST", Path: sql + "/connectors", Need: need(auth.Create, auth.Connectors), Handle: connectors.create},
		{Method: "GET", Path: sql + "/connectors/{name}", Need: need(auth.Read, auth.Connectors), Handle: connectors.get},
		{Method: "PUT", Path: sql + "/connectors/{name}", Need: need(auth.Update, auth.Connectors), Handle: connectors.put},
		{Method: "DELETE", Path: sql + "/connectors/{name}", Need: need(auth.Delete, auth.Connectors), Handle: connectors.remove},
		{Method: "GET", Path: sql + "/connectors/{name}:list-tables", Need: need(auth.Read, auth.Connectors), Handle: connectors.listTables},

		{Method: "GET", Path: sql + "/formats", Need: need(auth.Read, auth.Formats), Handle: formats.list},
		{Method: "POST", Path: sql + "/formats", Need: need(auth.Create, auth.Formats), Handle: formats.create},
		{Method: "GET", Path: sql + "/formats/{name}", Need: need(auth.Read, auth.Formats), Handle: formats.get},
		{Method: "PUT", Path: sql + "/formats/{name}", Need: need(auth.Update, auth.Formats), Handle: formats.put},
		{Method: "DELETE", Path: sql + "/formats/{name}", Need: need(auth.Delete, auth.Formats), Handle: formats.remove},
		{Method: "GET", Path: sql + "/formats/{name}:list-tables", Need: need(auth.Read, auth.Formats), Handle: formats.listTables},

		{Method: "GET", Path: sql + "/catalog-connectors", Need: need(auth.Read, auth.CatalogConnectors), Handle: catalogConnectors.list},
		{Method: "POST", Path: sql + "/catalog-connectors", Need: need(auth.Create, auth.CatalogConnectors), Handle: catalogConnectors.create},
		{Method: "GET", Path: sql + "/catalog-connectors/{name}", Need: need(auth.Read, auth.CatalogConnectors), Handle: catalogConnectors.get},
		{Method: "PUT", Path: sql + "/catalog-connectors/{name}", Need: need(auth.Update, auth.CatalogConnectors), Handle: catalogConnectors.put},
		{Method: "DELETE", Path: sql + "/catalog-connectors/{name}", Need: need(auth.Delete, auth.CatalogConnectors), Handle: catalogConnectors.remove},
		{Method: "GET", Path: sql + "/catalog-connectors/{name}:list-catalogs", Need: need(auth.Read, auth.CatalogConnectors), Handle: g.listCatalogsOf},
		{Method: "POST", Path: sql + "/catalog-connectors:analyze-jars", Need: need(auth.Read, auth.CatalogConnectors), Handle: g.analyzeJars},

		{Method: "POST", Path: sql + "/deployments/{deploymentId}:create-jobgraph", Need: need(auth.Read, auth.Deployments), Handle: g.createJobGraph},
		{Method: "DELETE", Path: sql + "/deployments/{deploymentName}:delete-jobgraphs", Need: need(auth.Update, auth.Deployments), Handle: g.deleteJobGraphs},
		{Method: "POST", Path: sql + "/deployments/{deploymentName}:validate-config-change", Need: need(auth.Read, auth.Deployments), Handle: g.validateConfigChange},

		{Method: "GET", Path: catalogs, Need: need(auth.Read, auth.Catalogs), Handle: g.listCatalogs},
		{Method: "GET", Path: catalogs + "/{cat}", Need: need(auth.Read, auth.Catalogs), Handle: g.getCatalog},
		{Method: "GET", Path: catalogs + "/{cat}:listDatabases", Need: need(auth.Read, auth.Catalogs), Handle: g.listDatabases},
		{Method: "GET", Path: catalogs + "/{cat}:getDatabase", Need: need(auth.Read, auth.Catalogs), Handle: g.getDatabase},
		{Method: "GET", Path: catalogs + "/{cat}:listTables", Need: need(auth.Read, auth.Catalogs), Handle: g.listTables},
		{Method: "GET", Path: catalogs + "/{cat}:getTable", Need: need(auth.Read, auth.Catalogs), Handle: g.getTable},
		{Method: "GET", Path: catalogs + "/{cat}:listViews", Need: need(auth.Read, auth.Catalogs), Handle: g.listViews},
		{Method: "GET", Path: catalogs + "/{cat}:getView", Need: need(auth.Read, auth.Catalogs), Handle: g.getView},
		{Method: "GET", Path: catalogs + "/{cat}:listFunctions", Need: need(auth.Read, auth.Catalogs), Handle: g.listFunctions},
		{Method: "GET", Path: catalogs + "/{cat}:getFunction", Need: need(auth.Read, auth.Catalogs), Handle: g.getFunction},
	}
}

// Register puts every route on the mux.
func (g *Gateway) Register(mux *http.ServeMux) {
	route.Register(mux, g.Routes(), route.Options{Authorize: g.Authorize, Log: g.Log})
}
