package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/resource"
)

const (
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second // for a reader that does not take what we send
)

// epoch tells the event ids of this process from those of another.
var epoch = strconv.FormatInt(time.Now().UnixMilli(), 36)

// streamChanges sends the keys of what changes in a namespace, as server-sent
// events. It begins with a "resync" event, which means: read everything now;
// so does every later one. A reader that comes back with Last-Event-ID is sent
// what it missed, without a resync if all of that is still known. Between
// changes a comment is sent now and then to keep the connection.
func (a *API) streamChanges(w http.ResponseWriter, r *http.Request) error {
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	at, resync := a.position(r.Header.Get("Last-Event-ID"))
	out := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)

	send := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // not all writers can; then TCP decides
		_, err := io.WriteString(w, text)
		return err == nil && out.Flush() == nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var text strings.Builder
		keys, next, complete, wake := a.changes.since(at)
		if resync || !complete {
			fmt.Fprintf(&text, "id: %s-%d\nevent: resync\ndata: {}\n\n", epoch, next)
			resync = false
		} else {
			writeChanges(&text, keys, at, namespace)
		}
		at = next
		if text.Len() > 0 && !send(text.String()) {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-a.changes.ended:
			return nil
		case <-wake:
		case <-beat.C:
			if !send(": still here\n\n") {
				return nil
			}
		}
	}
}

func (a *API) position(lastEventID string) (at uint64, resync bool) {
	process, number, _ := strings.Cut(lastEventID, "-")
	at, err := strconv.ParseUint(number, 10, 64)
	if err != nil || process != epoch {
		return a.changes.now(), true
	}
	return at, false
}

// writeChanges writes the keys that begin at a position. The id of an event is
// the position after it.
func writeChanges(text *strings.Builder, keys []resource.Key, at uint64, namespace string) {
	for i, key := range keys {
		if key.Namespace != namespace && key.Kind != resource.KindNamespace {
			continue
		}
		data, err := json.Marshal(key)
		if err != nil {
			continue // three strings always encode
		}
		fmt.Fprintf(text, "id: %s-%d\nevent: change\ndata: %s\n\n", epoch, at+uint64(i)+1, data)
	}
}
