package rest

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const (
	auditPage    = 100     // entries of one answer unless the query says more
	auditPageMax = 1000    // and at most
	auditReport  = 500_000 // entries of one report at most
)

// listAudit gives one window of the audit log, oldest first. With more to come
// metadata.next is what the query's after must be for the next window.
func (a *API) listAudit(w http.ResponseWriter, r *http.Request) error {
	f, err := a.auditFilter(r)
	if err != nil {
		return err
	}
	if f.Limit, err = positive(r, "limit", auditPage); err != nil {
		return err
	}
	if r.URL.Query().Has("newest") {
		f.Newest = true
		if f.Limit, err = positive(r, "newest", auditPage); err != nil {
			return err
		}
	}
	f.Limit = min(f.Limit, auditPageMax)
	if text := r.URL.Query().Get("before"); text != "" {
		if f.Before, err = strconv.ParseInt(text, 10, 64); err != nil || f.Before < 1 {
			return resource.Invalidf("before", "must be a sequence number, got %q", text)
		}
	}
	if text := r.URL.Query().Get("after"); text != "" {
		if f.After, err = strconv.ParseInt(text, 10, 64); err != nil || f.After < 0 {
			return resource.Invalidf("after", "must be a sequence number, got %q", text)
		}
	}
	entries, err := a.Resources.Audit.List(r.Context(), f)
	if err != nil {
		return err
	}
	out := listOf("AuditEntry", entries)
	if len(entries) == f.Limit && !f.Newest {
		out.Metadata["next"] = strconv.FormatInt(entries[len(entries)-1].Sequence, 10)
	}
	wire.Write(w, r, http.StatusOK, out)
	return nil
}

// auditFilter reads what all questions about the log have in common.
func (a *API) auditFilter(r *http.Request) (f resource.AuditFilter, err error) {
	if a.Resources.Audit == nil {
		return f, fmt.Errorf("the audit log, which this server does not keep: %w", resource.ErrNotFound)
	}
	q := r.URL.Query()
	f = resource.AuditFilter{Namespace: q.Get("namespace"), Kind: resource.Kind(q.Get("kind")), Name: q.Get("name"), Actor: q.Get("actor")}
	if f.From, err = instant(r, "from"); err != nil {
		return f, err
	}
	f.To, err = instant(r, "to")
	return f, err
}

// instant reads a time of the query: RFC 3339, or a day, which begins at 00:00
// UTC. Absent it is not set.
func instant(r *http.Request, name string) (resource.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return resource.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return resource.At(t), nil
		}
	}
	return resource.Time{}, resource.Invalidf(name, "must be a time such as 2022-01-31T12:00:00Z or a day such as 2022-01-31, got %q", text)
}

// positive reads a number of the query.
func positive(r *http.Request, name string, absent int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, resource.Invalidf(name, "must be a number of at least 1, got %q", text)
	}
	return n, nil
}

// reportAudit gives all entries that are asked for as one file, CSV or JSON.
func (a *API) reportAudit(w http.ResponseWriter, r *http.Request) error {
	f, err := a.auditFilter(r)
	if err != nil {
		return err
	}
	format, err := reportFormat(r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", "attachment; filename=weir-audit."+format)
	if format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		return a.reportCSV(r.Context(), w, f)
	}
	h.Set("Content-Type", "application/json")
	return a.reportJSON(r.Context(), w, f)
}

func reportFormat(r *http.Request) (string, error) {
	switch format := strings.ToLower(r.URL.Query().Get("format")); format {
	case "csv", "json":
		return format, nil
	case "":
		if strings.Contains(r.Header.Get("Accept"), "application/json") {
			return "json", nil
		}
		return "csv", nil
	default:
		return "", resource.Invalidf("format", "must be csv or json, got %q", format)
	}
}

// eachAudit calls do with windows of entries until there are no more.
func (a *API) eachAudit(ctx context.Context, f resource.AuditFilter, do func([]resource.AuditEntry) error) error {
	f.Limit = auditPageMax
	for range auditReport / auditPageMax {
		entries, err := a.Resources.Audit.List(ctx, f)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := do(entries); err != nil {
			return err
		}
		f.After = entries[len(entries)-1].Sequence
	}
	return nil
}

func (a *API) reportCSV(ctx context.Context, w http.ResponseWriter, f resource.AuditFilter) error {
	out := csv.NewWriter(w)
	head := []string{"sequence", "at", "actor", "action", "kind", "namespace", "name", "id", "status", "message", "changes", "previousHash", "hash"}
	if err := out.Write(head); err != nil {
		return nil // the caller went away
	}
	return a.streamed(w, a.eachAudit(ctx, f, func(entries []resource.AuditEntry) error {
		for _, e := range entries {
			changes := ""
			if len(e.Changes) > 0 {
				text, err := json.Marshal(e.Changes)
				if err != nil {
					return fmt.Errorf("write audit entry %d: %w", e.Sequence, err)
				}
				changes = string(text)
			}
			line := []string{
				strconv.FormatInt(e.Sequence, 10), timeText(e.At), e.Actor, e.Action, string(e.Kind), e.Namespace, e.Name, e.ID,
				strconv.Itoa(e.Status), e.Message, changes, e.PreviousHash, e.Hash,
			}
			for i := range line {
				line[i] = inert(line[i])
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}))
}

// inert keeps a spreadsheet from taking a text for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func timeText(t resource.Time) string {
	text, err := t.MarshalJSON()
	if err != nil || t.IsZero() {
		return ""
	}
	return strings.Trim(string(text), `"`)
}

func (a *API) reportJSON(ctx context.Context, w http.ResponseWriter, f resource.AuditFilter) error {
	separator := "["
	err := a.eachAudit(ctx, f, func(entries []resource.AuditEntry) error {
		for _, e := range entries {
			text, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("write audit entry %d: %w", e.Sequence, err)
			}
			if _, err := fmt.Fprintf(w, "%s\n%s", separator, text); err != nil {
				return err
			}
			separator = ","
		}
		return nil
	})
	if err != nil {
		return a.streamed(w, err)
	}
	if separator == "[" {
		separator = "[\n"
	}
	_, _ = fmt.Fprint(w, strings.TrimSuffix(separator, ",")+"\n]\n") // the caller went away; nobody is left to tell
	return nil
}

// streamed ends an answer that is under way: after its beginning an error can
// only cut it off.
func (a *API) streamed(w http.ResponseWriter, err error) error {
	if err != nil {
		a.Log.Warn("report of the audit log cut off", "error", err)
		panic(http.ErrAbortHandler)
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	return nil
}

// verifyAudit looks at the whole chain.
func (a *API) verifyAudit(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.auditFilter(r); err != nil {
		return err
	}
	check, err := a.Resources.Audit.Verify(r.Context())
	if err != nil {
		return err
	}
	wire.Write(w, r, http.StatusOK, check)
	return nil
}
