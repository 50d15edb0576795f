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
	return []route.Route{
		{Method: "GET", Path: sql + "/sqlscripts", Need: need(auth.Read, auth.SQLScripts), Handle: g.listScripts},
		{Method: "POST", Path: sql + "/sqlscripts", Need: need(auth.Create, auth.SQLScripts), Handle: g.createScript},
		{Method: "GET", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Read, auth.SQLScripts), Handle: g.getScript},
		{Method: "PUT", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Update, auth.SQLScripts), Handle: g.putScript},
		{Method: "DELETE", Path: sql + "/sqlscripts/{sqlScriptName}", Need: need(auth.Delete, auth.SQLScripts), Handle: g.deleteScript},
		{Method: "POST", Path: sql + "/sqlscripts:execute", Need: need(auth.Update, auth.Catalogs), Handle: g.executeStatement},
		{Method: "POST", Path: sql + "/sqlscripts:execute-multi", Need: need(auth.Update, auth.Catalogs), Handle: g.executeStatements},
		{Method: "POST", Path: sql + "/sqlscripts:validate", Need: need(auth.Read, auth.Catalogs), Handle: g.validateStatement},
		{Method: "POST", Path: sql + "/sqlscripts:suggest", Need: need(auth.Read, auth.Catalogs), Handle: g.suggestCompletions},

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
