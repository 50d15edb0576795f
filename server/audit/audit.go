package audit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Bounds on an entry: it is for people, and revisions have the whole of it.
const (
	changeLimit  = 200     // fields
	valueLimit   = 4 << 10 // bytes of one text
	appendWithin = 10 * time.Second
)

// Requests that nobody is known to have sent are written down at this rate at
// most; the others are counted.
const (
	strangersBurst     = 100
	strangersPerSecond = 1
)

// Log keeps entries.
type Log interface {
	Append(ctx context.Context, e resource.AuditEntry) (resource.AuditEntry, error)
}

// Auditor writes requests down.
type Auditor struct {
	to  Log
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	left    float64    // entries for strangers
	since   time.Time
	unnoted int // strangers not written down since the last who was
}

// New makes an Auditor.
func New(to Log, log *slog.Logger) *Auditor {
	return &Auditor{to: to, log: log, left: strangersBurst, since: time.Now()}
}

// Wrap writes down what next answers. It stands before everything that may
// refuse a request.
func (a *Auditor) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changes(r) {
			next.ServeHTTP(w, r)
			return
		}
		note := &Note{entry: fromPath(r)}
		out := &writer{ResponseWriter: w, auditor: a, note: note, ctx: context.WithoutCancel(r.Context())}
		defer out.end()
		next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), noteKey{}, note)))
	})
}

// write adds an entry for a request answered with status.
func (a *Auditor) write(ctx context.Context, note *Note, status int) error {
	if note.skip {
		return nil
	}
	e := note.entry
	e.Status = status
	if e.Action == "replace" && status == http.StatusCreated {
		e.Action = "create"
	}
	if e.Actor == "" {
		e.Actor = "anonymous"
		unnoted, ok := a.stranger(time.Now())
		if !ok {
			return nil
		}
		if unnoted > 0 {
			e.Message = fmt.Sprintf("%s (%d more were refused like this and not written down)", e.Message, unnoted)
		}
	}
	e.Changes = bounded(e.Changes)
	ctx, cancel := context.WithTimeout(ctx, appendWithin)
	defer cancel()
	_, err := a.to.Append(ctx, e)
	return err
}

// stranger tells whether one more request of nobody known may be written down,
// and how many were not before it.
func (a *Auditor) stranger(now time.Time) (unnoted int, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = min(strangersBurst, a.left+now.Sub(a.since).Seconds()*strangersPerSecond)
	a.since = now
	if a.left < 1 {
		a.unnoted++
		return 0, false
	}
	a.left--
	unnoted, a.unnoted = a.unnoted, 0
	return unnoted, true
}

// bounded shortens long texts and lists.
func bounded(changes []resource.Change) []resource.Change {
	if len(changes) > changeLimit {
		rest := len(changes) - changeLimit
		changes = append(changes[:changeLimit:changeLimit], resource.Change{Field: fmt.Sprintf("… and %d more", rest)})
	}
	out := make([]resource.Change, len(changes))
	for i, c := range changes {
		out[i] = resource.Change{Field: c.Field, Old: short(c.Old), New: short(c.New)}
	}
	return out
}

func short(v any) any {
	text, ok := v.(string)
	if !ok {
		if v == nil {
			return nil
		}
		if text = fmt.Sprint(v); len(text) <= valueLimit {
			return v
		}
	}
	if len(text) <= valueLimit {
		return v
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:valueLimit], ""), len(text))
}
