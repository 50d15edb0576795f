package nexmark

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
)

// fastSplits is how many splits share the fast stream: blocks of events are
// dealt to them in turn, so that any number of subtasks up to this has work and
// all are near the same event time.
const fastSplits = 128

// fast makes bids by columns, every random number a hash of the event's
// number. People and auctions, one event in twelve, are made as the published
// generator makes them, from random numbers that begin anew with each event.
type fast struct {
	published
	split int64
	block int64 // events of a block, whole rounds where a batch can hold one
	hash  []uint64
}

func newFast(c *config, split int) *fast {
	f := &fast{published: *newPublished(c, 0), split: int64(split)}
	f.anew = true
	f.block = min(c.total, data.BatchSize)
	f.block *= max(data.BatchSize/f.block, 1)
	f.published.limit = math.MaxInt64
	if c.events > 0 {
		f.published.limit = c.events
	}
	return f
}

func (f *fast) next() (int64, bool) {
	e := (f.count/f.block*fastSplits+f.split)*f.block + f.count%f.block
	return e, e < f.limit
}

func (f *fast) position() []byte { return binary.AppendUvarint(nil, uint64(f.count)) }

func (f *fast) restore(p []byte) error {
	count, n := binary.Uvarint(p)
	if n <= 0 || n != len(p) || count > 1<<60 {
		return fmt.Errorf("position is damaged")
	}
	f.count = int64(count)
	return nil
}

// fill makes events up to the end of the block at most.
func (f *fast) fill(w *writer, most int) int {
	from, _ := f.next()
	to := min(from+int64(most), from+f.block-f.count%f.block, f.limit, from+data.BatchSize)
	for id := from; id < to; {
		round, off := id/f.c.total, id%f.c.total
		if off < f.c.total-f.c.bid {
			if kind := f.c.kind(id); w.wanted[kind] {
				f.r.state = mix64(uint64(f.c.seed) ^ mix64(uint64(id)))
				if kind == kindPerson {
					f.person(w, id, id)
				} else {
					f.auction(w, id, id)
				}
			}
			id++
			continue
		}
		end := min(to, (round+1)*f.c.total)
		if w.wanted[kindBid] {
			f.bids(w, round, id, int(end-id))
		}
		id = end
	}
	f.count += to - from
	return int(to - from)
}

// Multipliers that draw one more number from an event's hash.
const (
	drawAuction = 0x9fb21c651e98df25
	drawBidder  = 0xd6e8feb86659fd93
	drawPrice   = 0xa0761d6478bd642f
	drawChannel = 0xe7037ed1a0b428db
	drawExtra   = 0x8ebc6af09c88c6e3
)

// below maps a random number to [0, n), n at most 32 bits.
func below(x uint64, n int64) int64 { return int64(x >> 32 * uint64(n) >> 32) }

// bids makes n bids of one round from id on.
func (f *fast) bids(w *writer, round, id int64, n int) {
	at := w.n
	w.n += n
	if w.mixed || w.col[eventType] != nil {
		for r := at; r < at+n; r++ {
			w.rows[kindBid] = append(w.rows[kindBid], int32(r))
		}
	}
	if cap(f.hash) < n {
		f.hash = make([]uint64, n)
	}
	h := f.hash[:n]
	seed := mix64(uint64(f.c.seed))
	for i := range h {
		h[i] = mix64(seed + uint64(id+int64(i))*gamma)
	}
	if v := w.col[bidAuction]; v != nil {
		last := round*f.c.auction + f.c.auction - 1
		hot := last/hotBatch*hotBatch + firstID
		low := max(last-inFlightAuctions, 0)
		choose(v.I64[at:at+n], h, drawAuction, int64(f.c.hotAuctions), hot, low+firstID, last-low+1+auctionLead)
	}
	if v := w.col[bidBidder]; v != nil {
		last := round*f.c.person + f.c.person - 1
		hot := last/hotBatch*hotBatch + 1 + 2*firstID
		active := min(last+1, activePeople)
		choose(v.I64[at:at+n], h, drawBidder, int64(f.c.hotBidders), hot, last+1-active+2*firstID, active+personLead)
	}
	if v := w.col[bidPrice]; v != nil {
		out := v.I64[at : at+n]
		for i, x := range h {
			out[i] = price(float64((x*drawPrice)>>11) * (1.0 / (1 << 53)))
		}
	}
	if v := w.col[bidTime]; v != nil {
		out := v.I64[at : at+n]
		for i := range out {
			out[i] = f.at(id + int64(i))
		}
	}
	if w.col[bidChannel] != nil || w.col[bidURL] != nil {
		f.channels(w, h, at)
	}
	if v := w.col[bidExtra]; v != nil {
		f.extras(w, v.Views[at:at+n], h)
	}
}

// choose picks hot, or once in ratio times one of n from low on.
func choose(out []int64, h []uint64, draw uint64, ratio, hot, low, n int64) {
	out = out[:len(h)]
	for i, x := range h {
		x *= draw
		y := low + below(x<<32, n)
		if below(x, ratio) != 0 { // a coin that no branch predictor knows: both are at hand
			y = hot
		}
		out[i] = y
	}
}

func (f *fast) channels(w *writer, h []uint64, at int) {
	channel, url := w.col[bidChannel], w.col[bidURL]
	for i, x := range h {
		x *= drawChannel
		c := below(x<<16, channels)
		if x>>63 != 0 {
			c = channels + int64(x>>61&3)
		}
		if channel != nil {
			channel.Views[at+i] = w.pools.channel[c]
		}
		if url != nil {
			url.Views[at+i] = w.pools.url[c]
		}
	}
}

func (f *fast) extras(w *writer, out []data.View, h []uint64) {
	average := f.c.avgBid - 32
	if average < 0 {
		clear(out)
		return
	}
	delta := int64(math.Floor(float64(average)*0.2 + 0.5))
	shortest := int64(average) - delta
	pool := w.pools.extra.B
	for i, x := range h {
		x *= drawExtra
		n := shortest + below(x, 2*delta)
		out[i] = view(pool, int(below(x<<32, extraPool-n)), int(n))
	}
}
