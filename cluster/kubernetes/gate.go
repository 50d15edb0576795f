package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// answerWait is how long an API server may take to begin an answer to a
	// question. Changes may take longer: what became of them would be unknown.
	answerWait = 10 * time.Second
	// askAgain is after how long one that did not answer is asked again, at
	// first; later ever less often, up to askSeldom.
	askAgain  = time.Second
	askSeldom = 15 * time.Second
)

// errNoAnswer is the end of a question that was not answered in time.
var errNoAnswer = errors.New("no answer within " + answerWait.String())

// gate stands before an API server. While that does not answer, one request now
// and then finds out whether it does again, and all others fail at once: those
// who ask are the same few who look after the clusters of other Kubernetes.
type gate struct {
	next http.RoundTripper
	host string

	mu     sync.Mutex
	since  time.Time // when it was first silent; zero: it answers
	asked  time.Time // when it was last asked since
	pause  time.Duration
	reason error
}

// down tells in words that the API server does not answer; nil: it does, as far
// as is known, or it is time to ask.
func (g *gate) down(now time.Time, ask bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.since.IsZero():
		return nil
	case ask && now.Sub(g.asked) >= g.pause:
		g.asked = now // others do not wait for this one
		return nil
	}
	return g.words()
}

func (g *gate) words() error {
	return fmt.Errorf("the API server at %s cannot be reached since %s: %w", g.host, g.since.UTC().Format(time.TimeOnly), g.reason)
}

// heard notes how a request ended.
func (g *gate) heard(now time.Time, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.since, g.pause = time.Time{}, 0
		return nil
	}
	if g.since.IsZero() {
		g.since = now
	}
	g.asked, g.reason = now, err
	g.pause = min(max(2*g.pause, askAgain), askSeldom)
	return g.words()
}

// RoundTrip lets a request through, or not.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	watches := r.URL.Query().Get("watch") != ""
	toPod := strings.Contains(r.URL.Path, "/proxy") // its silence may be the pod's
	if err := g.down(time.Now(), !toPod && !watches); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	if r.Method != http.MethodGet || watches {
		answer, err := g.next.RoundTrip(r)
		if !toPod && r.Context().Err() == nil {
			err = g.heard(time.Now(), err)
		}
		return answer, err
	}
	ctx, stop := context.WithCancelCause(r.Context())
	late := time.AfterFunc(answerWait, func() { stop(errNoAnswer) })
	answer, err := g.next.RoundTrip(r.WithContext(ctx))
	late.Stop()
	switch {
	case err != nil && r.Context().Err() != nil: // who asked did not want to wait longer
	case err != nil && errors.Is(context.Cause(ctx), errNoAnswer):
		err = errNoAnswer
		fallthrough
	default:
		if !toPod {
			err = g.heard(time.Now(), err)
		}
	}
	if err != nil {
		stop(nil)
		return nil, err
	}
	answer.Body = &endedBody{answer.Body, stop}
	return answer, nil
}

// endedBody gives back what a request holds when its answer was read.
type endedBody struct {
	io.ReadCloser
	stop context.CancelCauseFunc
}

func (b *endedBody) Close() error {
	defer b.stop(nil)
	return b.ReadCloser.Close()
}
