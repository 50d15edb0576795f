package format

import (
	"context"

	"github.com/weir-streams/weir/engine/data"
)

// Messages is implemented by decoders for which a message, such as Kafka's, is
// one record whatever bytes are in it, line ends too.
type Messages interface {
	// DecodeMessages appends the rows of messages that lie one behind the other
	// in p: message k ends at ends[k]. It stops before a message for which b has
	// no room, sets rows[k] to the rows of b after message k, and returns how many
	// messages it is done with. An error is about the one after these.
	DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (done int, err error)
}

// Asker is implemented by decoders that need something from elsewhere before they
// can decode a message, such as its schema from a registry. A decoder that was not
// told to ask does so while it decodes.
type Asker interface {
	// Lacks tells what a message needs that the decoder does not have.
	Lacks(message []byte) (what uint32, lacks bool)
	// Ask gets it. That may take long; ctx ends it. The decoder must not be used
	// meanwhile.
	Ask(ctx context.Context, what uint32) error
}

// DecodeMessages decodes messages with any decoder: by itself, or each as an
// input of its own.
func DecodeMessages(d Decoder, p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (done int, err error) {
	if m, ok := d.(Messages); ok {
		return m.DecodeMessages(p, ends, buf, b, rows)
	}
	from := 0
	for k, to := range ends {
		if b.N >= data.BatchSize-1 && k > 0 {
			return k, nil
		}
		for from < to {
			n, err := d.Decode(p[from:to], buf, true, b)
			if err != nil {
				return k, err
			}
			if n == 0 {
				break
			}
			from += n
		}
		from, rows[k] = to, int32(b.N)
	}
	return len(ends), nil
}
