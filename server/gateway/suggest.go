package gateway

import (
	"net/http"

	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// completion is a word that may stand at a place of a script.
type completion struct {
	Text string `json:"text"`
	Type string `json:"type"`
}

// hints are the names of kinds of completions in the API. Keys and values of
// WITH (…) have none.
var hints = map[sql.CompletionKind]string{
	sql.CompleteColumn: "HINT_TYPE_COLUMN", sql.CompleteTable: "HINT_TYPE_TABLE", sql.CompleteView: "HINT_TYPE_VIEW",
	sql.CompleteDatabase: "HINT_TYPE_SCHEMA", sql.CompleteCatalog: "HINT_TYPE_CATALOG", sql.CompleteFunction: "HINT_TYPE_FUNCTION",
	sql.CompleteKeyword: "HINT_TYPE_KEYWORD", sql.CompleteOption: "HINT_TYPE_UNKNOWN",
}

func (g *Gateway) suggestCompletions(w http.ResponseWriter, r *http.Request) error {
	req, err := g.request(r)
	if err != nil {
		return err
	}
	var in struct {
		SQLScript string `json:"sqlScript"`
		Position  int    `json:"position"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if err := g.checkSize("sqlScript", in.SQLScript); err != nil {
		return err
	}
	if in.Position < 0 {
		return resource.Invalidf("position", "must be at least 0, got %d", in.Position)
	}
	release, err := g.compiling(r.Context())
	if err != nil {
		return err
	}
	defer release()
	o, err := g.open(r.Context(), req.namespace.Metadata.Name, req.catalog, req.database)
	if err != nil {
		return err
	}
	out := struct {
		Completions []completion `json:"completions"`
	}{[]completion{}}
	for _, c := range o.Suggest(in.SQLScript, in.Position) {
		out.Completions = append(out.Completions, completion{c.Text, hints[c.Kind]})
	}
	wire.WriteJSON(w, r, http.StatusOK, out)
	return nil
}
