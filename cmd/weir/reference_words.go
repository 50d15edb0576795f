package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// sqlWords is what the editor of the web interface must know of SQL to colour it.
type sqlWords struct {
	Keywords  []string `json:"keywords"`
	Types     []string `json:"types"`
	Functions []string `json:"functions"`
}

// Types of SQL by their first word, and words that are not reserved but shape
// statements. The parser knows both by where they stand.
const (
	typeWords = "ARRAY BIGINT BINARY BITMAP BOOLEAN BYTES CHAR CHARACTER DATE DEC DECIMAL DOUBLE FLOAT INT INTEGER INTERVAL MAP MULTISET NUMERIC RAW REAL ROW " +
		"SMALLINT STRING TIME TIMESTAMP TIMESTAMP_LTZ TINYINT VARBINARY VARCHAR VARIANT"
	plainWords = "ADD ANALYZE ASC CASCADE CATALOG COLUMNS DATABASE DESC DESCRIPTOR ENFORCED EXCLUDING FIRST FOLLOWING GENERATED IF INCLUDING JAR JARS KEY LAST LOAD " +
		"METADATA MODEL NULLS OPTIONS ORDINALITY OVERWRITE OVERWRITING PARTITIONED PARTITIONS PAST PRECEDING REMOVE REPLACE RESTRICT SETS TEMPORARY UNBOUNDED UNLOAD " +
		"VIEW VIRTUAL WEEK ZONE"
)

// wordsOfSQL are the words of the parser and of the tables of functions.
func wordsOfSQL() ([]byte, error) {
	built := engine.BuiltIn()
	var w sqlWords
	w.Types = strings.Fields(typeWords)
	for _, f := range built.Scalars {
		w.Functions = append(append(w.Functions, f.Name), f.Aliases...)
	}
	for _, f := range built.Aggregates {
		w.Functions = append(w.Functions, f.Name)
	}
	w.Functions = append(w.Functions, "TUMBLE", "HOP", "CUMULATE", "SESSION", "CAST", "TRY_CAST", "EXTRACT", "UNNEST")
	for _, word := range ast.ReservedWords() {
		if ast.IsReservedFunction(word) {
			w.Functions = append(w.Functions, word)
		}
		if !slices.Contains(w.Types, word) {
			w.Keywords = append(w.Keywords, word)
		}
	}
	w.Keywords = append(w.Keywords, strings.Fields(plainWords)...)
	isName := func(word string) bool {
		return word != "" && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
	}
	w.Functions = slices.DeleteFunc(w.Functions, func(word string) bool { return !isName(word) })
	for _, list := range []*[]string{&w.Keywords, &w.Types, &w.Functions} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	// What is always called and means nothing else is no keyword.
	w.Keywords = slices.DeleteFunc(w.Keywords, func(word string) bool {
		_, called := slices.BinarySearch(w.Functions, word)
		return called && !slices.Contains([]string{"IF", "LEFT", "RIGHT", "SOME", "EVERY", "NEXT", "USER", "DAY", "HOUR", "MINUTE", "MONTH", "SECOND", "YEAR", "WEEK", "REPLACE", "FIRST", "LAST"}, word)
	})
	b, err := json.Marshal(w)
	return append(b, '\n'), err
}
