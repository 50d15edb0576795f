package sim

import (
	"strings"
	"testing"
)

// sessionStorm is a history of deployments that share a session cluster, or
// move between it and clusters of their own.
func sessionStorm(w *World) {
	w.Session("shared")
	for _, name := range []string{"orders", "payments"} {
		id := w.Deploy(name)
		if w.chance(.8) {
			w.move(id)
		}
	}
	w.Steps(200+w.rng.IntN(350), Storm().vary(w.rng))
	w.Settle()
}

func TestSessionClustersSurviveStorms(t *testing.T) { run(t, Options{}, *seeds/4, sessionStorm) }

func TestSessionClustersSurviveStormsBlindly(t *testing.T) {
	run(t, Options{Blind: true}, *seeds/20, sessionStorm)
}

func TestSessionStormsMakeEverythingHappen(t *testing.T) {
	counts := map[string]int{}
	for s := uint64(1); s <= 300; s++ {
		r := Play(Options{Seed: s, Trace: true}, sessionStorm)
		for _, line := range r.Trace {
			for _, word := range sessionHappenings {
				if strings.Contains(line, word) {
					counts[word]++
				}
			}
		}
	}
	for _, word := range sessionHappenings {
		t.Logf("%6d %s", counts[word], word)
		if counts[word] == 0 {
			t.Errorf("in 300 histories never: %s", word)
		}
	}
}

var sessionHappenings = []string{
	"SPINNING_UP_A_CLUSTER_FOR_A_SESSION_CLUSTER", "SESSION_CLUSTER_SUCCESSFULLY_STARTED", "SESSION_CLUSTER_SUCCESSFULLY_STOPPED",
	"FAILED_TO_STOP_SESSION_CLUSTER", "TERMINATING_A_SESSION_CLUSTER_DUE_TO_AN_UNRECOVERABLE_FAILURE", "the cluster is lost", "did not come up",
	"gave up after", "its session cluster", "is to be STOPPED: set its spec.state", "to be RUNNING; it is STARTING",
	"its session cluster has ended", "user: place", "platform restarts in 1",
}
