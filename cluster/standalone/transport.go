package standalone

import (
	"net/http"
	"time"
)

// silence is after how long a JobManager that says nothing to a question counts
// as one that does not answer.
const silence = 10 * time.Second

// impatient waits a bounded time for answers to questions, and as long as it
// takes for what the JobManager is to do, such as compiling a program.
type impatient struct{ patient, hasty *http.Transport }

func (t *impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return t.hasty.RoundTrip(r)
	}
	return t.patient.RoundTrip(r)
}
