package rest

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

// reportUsage gives the CPUs that namespaces used on some days, as CSV: two
// comments with the begin and the end, a heading, and a line for each time in
// which a namespace used the same.
func (a *API) reportUsage(w http.ResponseWriter, r *http.Request) error {
	if a.Resources.Usage == nil {
		return fmt.Errorf("the record of use, which this server does not keep: %w", resource.ErrNotFound)
	}
	from, err := day(r, "from")
	if err != nil {
		return err
	}
	to, err := day(r, "to")
	if err != nil {
		return err
	}
	if !from.Before(to) {
		return resource.Invalidf("to", "must be a day after from: the day from is counted, the day to is not")
	}
	records, err := a.Resources.Usage.Between(r.Context(), from, to)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	var text strings.Builder
	fmt.Fprintf(&text, "# start: %s\n# end: %s\n", from.Format(time.RFC3339), to.Format(time.RFC3339))
	out := csv.NewWriter(&text)
	lines := [][]string{{"begin", "end", "namespace", "used"}}
	for _, s := range usageSpans(records, from, to, time.Now()) {
		lines = append(lines, []string{
			s.begin.Format(time.RFC3339), s.end.Format(time.RFC3339), s.namespace, strconv.FormatFloat(s.used, 'f', -1, 64),
		})
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("write the report of use: %w", err)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(text.String())) // the caller went away; nobody is left to tell
	return nil
}

// day reads a day of the query; it begins at 00:00 UTC.
func day(r *http.Request, name string) (time.Time, error) {
	text := r.URL.Query().Get(name)
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, resource.Invalidf(name, "must be a day such as 2022-01-31, got %q", text)
	}
	return t, nil
}

// usageSpan is a time in which a namespace used the same.
type usageSpan struct {
	begin, end time.Time
	namespace  string
	used       float64
}

// usageSpans makes times of records, which are in order. What is used now is
// known until now.
func usageSpans(records []resource.UsageRecord, from, to, now time.Time) []usageSpan {
	end := to
	if now = now.Truncate(time.Minute); now.Before(end) {
		end = now
	}
	var spans []usageSpan
	open := map[string]int{} // index of the last span of a namespace
	for _, r := range records {
		begin := r.At.Time
		if begin.Before(from) {
			begin = from
		}
		if i, ok := open[r.Namespace]; ok {
			spans[i].end = begin
		}
		open[r.Namespace] = len(spans)
		spans = append(spans, usageSpan{begin: begin.UTC(), end: end.UTC(), namespace: r.Namespace, used: r.Used})
	}
	spans = slices.DeleteFunc(spans, func(s usageSpan) bool { return !s.begin.Before(s.end) })
	slices.SortStableFunc(spans, func(a, b usageSpan) int {
		return cmp.Or(a.begin.Compare(b.begin), cmp.Compare(a.namespace, b.namespace))
	})
	return spans
}

// deleteUsage forgets what was used before a day.
func (a *API) deleteUsage(w http.ResponseWriter, r *http.Request) error {
	if a.Resources.Usage == nil {
		return fmt.Errorf("the record of use, which this server does not keep: %w", resource.ErrNotFound)
	}
	before, err := day(r, "to")
	if err != nil {
		return err
	}
	if _, err := a.Resources.Usage.DeleteBefore(r.Context(), before); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
