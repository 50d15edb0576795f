package audit

import (
	"context"
	"net/http"
)

// writer holds the status back until the entry is written.
type writer struct {
	http.ResponseWriter
	auditor *Auditor
	note    *Note
	ctx     context.Context // of the request, without its end

	status int
	sent   bool
	lost   bool // the entry could not be written, and the answer says so instead
}

// WriteHeader remembers the status; informational ones go out at once.
func (w *writer) WriteHeader(status int) {
	switch {
	case status < http.StatusOK:
		w.ResponseWriter.WriteHeader(status)
	case w.status == 0:
		w.status = status
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.send()
	if w.lost {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// FlushError makes http.ResponseController flush what was held back.
func (w *writer) FlushError() error {
	w.send()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find the deadlines.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// send writes the entry down and then the status out.
func (w *writer) send() {
	if w.sent {
		return
	}
	w.sent = true
	if w.status == 0 {
		w.status = http.StatusOK
	}
	err := w.auditor.write(w.ctx, w.note, w.status)
	if err == nil {
		w.ResponseWriter.WriteHeader(w.status)
		return
	}
	w.auditor.log.ErrorContext(w.ctx, "request not written to the audit log", "error", err,
		"actor", w.note.entry.Actor, "action", w.note.entry.Action, "kind", w.note.entry.Kind,
		"namespace", w.note.entry.Namespace, "name", w.note.entry.Name, "status", w.status)
	if w.status >= http.StatusBadRequest { // nothing was changed
		w.ResponseWriter.WriteHeader(w.status)
		return
	}
	w.lost = true
	h := w.ResponseWriter.Header()
	h.Del("Content-Length")
	h.Del("ETag")
	h.Set("Content-Type", "application/json")
	w.ResponseWriter.WriteHeader(http.StatusInternalServerError)
	_, _ = w.ResponseWriter.Write([]byte(lostAnswer)) // the caller went away; the log has it
}

// lostAnswer has the fields of all families of errors.
const lostAnswer = `{"statusCode":500,"reason":"NotAudited","code":"INTERNAL","ok":false,` +
	`"message":"the change was made, but could not be written to the audit log; the server's log has the details",` +
	`"description":"the change was made, but could not be written to the audit log; the server's log has the details"}` + "\n"

// end writes the entry of an answer without a body. A request whose handler
// panicked is written by the handler that answers for it.
func (w *writer) end() {
	if cause := recover(); cause != nil {
		panic(cause)
	}
	w.send()
}
