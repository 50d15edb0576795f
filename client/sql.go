package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// SQLError is a mistake in a statement. Lines and columns count from 1, columns
// in characters; 0 when there is no place.
type SQLError struct {
	Message string `json:"message"`
	Line    int    `json:"lineNumber"`
	Column  int    `json:"columnNumber"`
}

// Error says what is wrong, without the place.
func (e *SQLError) Error() string { return e.Message }

// SQLColumn is a column of a result; its type is in SQL, empty if not said.
type SQLColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// SQLReply is what came of a statement.
type SQLReply struct {
	Columns []SQLColumn // nil when there is nothing to show
	Rows    [][]*string // nil for NULL
}

// SQLChange is a change of a followed query: +I, -U, +U or -D, and its row; nil
// for NULL.
type SQLChange struct {
	Op  string
	Row []*string
}

func sqlPath(namespace, verb string) string {
	return "/sql/v1beta1/namespaces/" + url.PathEscape(namespace) + "/sqlscripts:" + verb
}

// ExecuteSQL carries out statements one after the other in one session, the
// last of which is answered. The first mistake ends it, as a *SQLError.
func (c *Client) ExecuteSQL(ctx context.Context, namespace string, statements []string) (SQLReply, error) {
	var out struct {
		Responses []struct {
			ResultTable *struct {
				Headers []SQLColumn `json:"headers"`
				Rows    []struct {
					Cells []struct {
						Value *string `json:"value"`
					} `json:"cells"`
				} `json:"rows"`
			} `json:"resultTable"`
			ErrorMessage *SQLError `json:"errorMessage"`
		} `json:"responses"`
	}
	if err := c.do(ctx, http.MethodPost, sqlPath(namespace, "execute-multi"), nil, statements, &out); err != nil {
		return SQLReply{}, err
	}
	for _, r := range out.Responses {
		if r.ErrorMessage != nil {
			return SQLReply{}, r.ErrorMessage
		}
	}
	if len(out.Responses) != len(statements) {
		return SQLReply{}, fmt.Errorf("%d statements were sent, %d answered", len(statements), len(out.Responses))
	}
	var reply SQLReply
	if t := out.Responses[len(out.Responses)-1].ResultTable; t != nil {
		reply.Columns = t.Headers
		for _, r := range t.Rows {
			row := make([]*string, len(r.Cells))
			for i, cell := range r.Cells {
				row[i] = cell.Value
			}
			reply.Rows = append(reply.Rows, row)
		}
	}
	return reply, nil
}

// FollowSQL runs a query in the server, after other statements in the same
// session, and gives its columns and then its changes as they come, until it
// ends, ctx does, or a function returns an error. ended is why there is no more:
// END, ROWS, TIME or STOPPED. A mistake is a *SQLError.
func (c *Client) FollowSQL(ctx context.Context, namespace, query string, before []string, limit int64,
	columns func([]SQLColumn) error, changes func([]SQLChange) error,
) (ended, why string, err error) {
	body, err := json.Marshal(struct {
		Statement string   `json:"statement"`
		Before    []string `json:"before"`
	}{query, before})
	if err != nil {
		return "", "", err
	}
	values := url.Values{}
	if limit > 0 {
		values.Set("limit", strconv.FormatInt(limit, 10))
	}
	res, err := c.send(ctx, http.MethodPost, sqlPath(namespace, "follow"), values, body, "application/x-ndjson")
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	lines := json.NewDecoder(bufio.NewReader(res.Body))
	for {
		var line struct {
			Headers []SQLColumn `json:"headers"`
			Rows    [][]*string `json:"rows"`
			End     *struct {
				Reason  string    `json:"reason"`
				Message string    `json:"message"`
				Error   *SQLError `json:"errorMessage"`
			} `json:"end"`
		}
		if err := lines.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the answer broke off")
			}
			return "", "", c.unreachable(ctx, err)
		}
		switch {
		case line.End != nil && line.End.Error != nil:
			return "", "", line.End.Error
		case line.End != nil:
			return line.End.Reason, line.End.Message, nil
		case line.Headers != nil:
			if err := columns(line.Headers); err != nil {
				return "", "", err
			}
		case len(line.Rows) > 0:
			list := make([]SQLChange, 0, len(line.Rows))
			for _, r := range line.Rows {
				if len(r) == 0 || r[0] == nil {
					return "", "", errors.New("the server sent a change without its kind")
				}
				list = append(list, SQLChange{*r[0], r[1:]})
			}
			if err := changes(list); err != nil {
				return "", "", err
			}
		}
	}
}

// SuggestSQL is what may stand at a place of a script, counted in characters.
func (c *Client) SuggestSQL(ctx context.Context, namespace, script string, position int) ([]string, error) {
	var out struct {
		Completions []struct {
			Text string `json:"text"`
		} `json:"completions"`
	}
	err := c.do(ctx, http.MethodPost, sqlPath(namespace, "suggest"), nil, struct {
		Script   string `json:"sqlScript"`
		Position int    `json:"position"`
	}{script, position}, &out)
	var texts []string
	for _, t := range out.Completions {
		texts = append(texts, t.Text)
	}
	return texts, err
}
