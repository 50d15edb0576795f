package kubernetes

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// silent is an API server that answers, or waits until nobody listens.
type silent struct {
	hangs bool
	asked int
}

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	if s.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
}

func TestAnAPIServerThatHangsHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &silent{}
		g := &gate{next: s, host: "https://far"}
		ask := func(ctx context.Context, path string) (time.Duration, error) {
			t.Helper()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://far"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			answer, err := g.RoundTrip(r)
			if err == nil {
				err = answer.Body.Close()
			}
			return time.Since(began), err
		}
		if took, err := ask(t.Context(), "/x"); err != nil || took != 0 {
			t.Fatal(took, err)
		}

		// Who gives up says nothing of the server; nor does a pod's silence.
		s.hangs = true
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := ask(ctx, "/x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if took, err := ask(t.Context(), "/api/v1/namespaces/n/pods/p:8081/proxy/config"); !errors.Is(err, errNoAnswer) || took != answerWait {
			t.Fatal(took, err)
		}

		// The first question waits, and the next ones do not.
		if took, err := ask(t.Context(), "/x"); !errors.Is(err, errNoAnswer) || took != answerWait || !strings.Contains(err.Error(), "https://far cannot be reached since") {
			t.Fatal(took, err)
		}
		before := s.asked
		for _, path := range []string{"/x", "/api/v1/namespaces/n/pods/p:8081/proxy/config", "/x?watch=true"} {
			if took, err := ask(t.Context(), path); !errors.Is(err, errNoAnswer) || took != 0 {
				t.Fatal(path, took, err)
			}
		}
		if s.asked != before {
			t.Error("it was asked")
		}

		// It is asked ever less often.
		for range 8 {
			time.Sleep(askSeldom)
			if took, err := ask(t.Context(), "/x"); took != answerWait {
				t.Fatal(took, err)
			}
		}
		if took, err := ask(t.Context(), "/x"); err == nil || took != 0 {
			t.Fatal(took, err)
		}

		s.hangs = false
		time.Sleep(askSeldom)
		for range 3 {
			if took, err := ask(t.Context(), "/x"); err != nil || took != 0 {
				t.Fatal(took, err)
			}
		}
	})
}
