package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// TokenEnd is the place of the last character of the word, string or sign that
// begins at a place; the place itself if none begins there.
func TokenEnd(src string, pos ast.Pos) ast.Pos {
	for _, t := range lex(src) {
		if t.pos == pos && t.kind != tokEnd {
			return t.end
		}
	}
	return pos
}
