package gateway

import (
	"errors"
	"strings"

	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/parse"
)

// errorDetails is what is wrong with a statement, and where: lines and columns
// count from 1, columns in characters; the end is the last character.
type errorDetails struct {
	Message         string `json:"message"`
	Cause           string `json:"cause,omitzero"`
	LineNumber      int    `json:"lineNumber,omitzero"`
	ColumnNumber    int    `json:"columnNumber,omitzero"`
	EndLineNumber   int    `json:"endLineNumber,omitzero"`
	EndColumnNumber int    `json:"endColumnNumber,omitzero"`
}

// detailsOf describes an error of a script.
func detailsOf(err error, script string) *errorDetails {
	var mistakes parse.Errors
	var at *ast.Error
	d := &errorDetails{Message: err.Error()}
	switch {
	case errors.As(err, &mistakes) && len(mistakes) > 0:
		at = mistakes[0]
		d.Message = at.Message
		for _, more := range mistakes[1:min(len(mistakes), 10)] {
			d.Message += "\n" + more.Error()
		}
	case errors.As(err, &at):
		d.Message = strings.Replace(d.Message, at.Error(), at.Message, 1)
	}
	if at == nil || !at.Pos.IsValid() {
		return d
	}
	d.LineNumber, d.ColumnNumber = at.Pos.Line, at.Pos.Column
	end := parse.TokenEnd(script, at.Pos)
	d.EndLineNumber, d.EndColumnNumber = end.Line, end.Column
	return d
}

// badOptions tells whether an error is about the options of a table.
func badOptions(err error) bool {
	var options option.Errors
	if errors.As(err, &options) {
		return true
	}
	text := err.Error()
	for _, sign := range []string{"Could not find any connector", "Could not find any format", "do not contain an option key 'connector'", "needs an option 'format'", "Connector '"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// unsupported tells whether an error is about what this engine cannot do.
func unsupported(err error) bool {
	text := err.Error()
	return strings.Contains(text, "not supported by this engine") || strings.Contains(text, "is not supported") || strings.Contains(text, "doesn't support")
}

// resultTable is rows for people.
type resultTable struct {
	Headers []tableHeader `json:"headers"`
	Rows    []tableRow    `json:"rows"`
}

type tableHeader struct {
	Name string `json:"name"`
	Type string `json:"type,omitzero"`
}

type tableRow struct {
	Cells []tableCell `json:"cells"`
}

// tableCell is a value as text; null for NULL.
type tableCell struct {
	Value *string `json:"value"`
}

// executeReply is what came of a statement.
type executeReply struct {
	Result       string        `json:"result"`
	ResultTable  *resultTable  `json:"resultTable,omitempty"`
	ErrorMessage *errorDetails `json:"errorMessage,omitempty"`
	Preview      *previewInfo  `json:"preview,omitempty"`
}

// The results of a statement.
const (
	resultSuccess         = "RESULT_SUCCESS"
	resultRows            = "RESULT_SUCCESS_WITH_ROWS"
	resultErrorRows       = "RESULT_ERROR_WITH_ROWS"
	resultErrorDetails    = "RESULT_ERROR_WITH_DETAILS"
	resultSkipped         = "RESULT_SKIPPED"
	validInsert           = "VALIDATION_RESULT_VALID_INSERT_QUERY"
	validSelect           = "VALIDATION_RESULT_VALID_SELECT_QUERY"
	validDDL              = "VALIDATION_RESULT_VALID_DDL_STATEMENT"
	validCommand          = "VALIDATION_RESULT_VALID_COMMAND_STATEMENT"
	invalidQuery          = "VALIDATION_RESULT_INVALID_QUERY"
	unsupportedQuery      = "VALIDATION_RESULT_UNSUPPORTED_QUERY"
	invalidConnectorQuery = "VALIDATION_RESULT_INVALID_CONNECTOR_CONFIG"
)
