package rest

import (
	"context"
	"fmt"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func keys(from, to int) []resource.Key {
	var all []resource.Key
	for i := from; i <= to; i++ {
		all = append(all, resource.Key{Kind: resource.KindDeployment, Namespace: "default", ID: fmt.Sprint(i)})
	}
	return all
}

func TestHubKeepsWhatAReaderMissed(t *testing.T) {
	h := newHub(4)
	at := h.now()
	check := func(at uint64, want []resource.Key, complete bool) uint64 {
		t.Helper()
		got, next, whole, _ := h.since(at)
		if whole != complete || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("since %d: %v, complete %v; want %v, %v", at, got, whole, want, complete)
		}
		return next
	}
	check(at, nil, true)
	for _, k := range keys(1, 4) {
		h.add(k)
	}
	after := check(at, keys(1, 4), true)
	h.add(keys(5, 5)[0])
	check(after, keys(5, 5), true)
	check(at, nil, false)        // the first was overwritten
	check(after+100, nil, false) // a position that never was
	before := h.now()
	h.add(resource.Key{}) // the feed lost some
	now := check(before, nil, false)
	h.add(keys(6, 6)[0])
	check(now, keys(6, 6), true)
}

func TestHubWakesReadersAndEnds(t *testing.T) {
	h := newHub(4)
	feed := make(chan resource.Key)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.run(ctx, func(context.Context) <-chan resource.Key { return feed }) }()
	for {
		if _, _, complete, wake := h.since(1); complete {
			<-wake // the resync that run begins with
			continue
		}
		break
	}
	_, at, _, wake := h.since(h.now())
	feed <- keys(1, 1)[0]
	<-wake
	if got, _, _, _ := h.since(at); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-h.ended
}
