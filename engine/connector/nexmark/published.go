package nexmark

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
)

// published is one generator of the published benchmark: the same numbers are
// drawn in the same order. Generators of one stream share the timeline and
// split the ids.
type published struct {
	c       *config
	r       random
	delayUs float64 // between two events of this generator
	first   int64   // id before the first event
	count   int64   // events made
	limit   int64   // events to make
	scratch []byte
	anew    bool // random numbers begin anew with each event: what nobody wants need not be drawn
}

func newPublished(c *config, i int) *published {
	all := c.events
	if all == 0 {
		all = math.MaxInt64 / (c.total * int64(max(c.avgPerson, c.avgAuction, c.avgBid, 1)))
	}
	share := all / int64(c.generators)
	g := &published{c: c, r: random{uint64(c.seed)}, delayUs: 1e6 / c.rate * float64(c.generators), first: 1 + int64(i)*share, limit: share}
	if i > 0 {
		g.r.state = mix64(uint64(c.seed) + uint64(i)*gamma)
	}
	if i == c.generators-1 {
		g.limit = all - share*int64(c.generators-1)
	}
	return g
}

func (g *published) position() []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(nil, uint64(g.count)), g.r.state)
}

func (g *published) restore(p []byte) error {
	count, n := binary.Uvarint(p)
	if n <= 0 || len(p) != n+8 || count > uint64(g.limit) {
		return fmt.Errorf("position is damaged, or of another number of events")
	}
	g.count, g.r.state = int64(count), binary.LittleEndian.Uint64(p[n:])
	return nil
}

func (g *published) next() (int64, bool) { return g.count, g.count < g.limit }

func (g *published) at(event int64) int64 {
	return g.c.base + int64(float64(event)*g.delayUs)/1000
}

// fill makes at most most events.
func (g *published) fill(w *writer, most int) int {
	n := 0
	most = int(min(int64(most), g.limit-g.count))
	for n < most && w.n < data.BatchSize {
		number := 1 + g.count // so the first id is first+1
		id := g.first + number
		g.count++
		n++
		switch g.c.kind(id) {
		case kindPerson:
			g.person(w, id, number)
		case kindAuction:
			g.auction(w, id, number)
		default:
			g.bid(w, id, number)
		}
	}
	return n
}

func (g *published) person(w *writer, id, number int64) {
	r := &g.r
	row := -1
	if w.wanted[kindPerson] {
		row = w.add(kindPerson)
	}
	if g.anew && row >= 0 && w.col[personName] == nil && w.col[personEmail] == nil && w.col[personCard] == nil && w.col[personCity] == nil &&
		w.col[personState] == nil && w.col[personExtra] == nil {
		w.num(personID, row, g.c.lastPerson(id)+firstID)
		w.num(personTime, row, g.at(number))
		return
	}
	s := append(g.scratch[:0], firsts[r.intn(int32(len(firsts)))]...)
	s = append(append(s, ' '), lasts[r.intn(int32(len(lasts)))]...)
	name := len(s)
	s = append(g.text(s, w, 7), '@')
	s = append(g.text(s, w, 5), ".com"...)
	email := len(s)
	for i := range 4 {
		if i > 0 {
			s = append(s, ' ')
		}
		x := r.intn(10000)
		s = append(s, byte('0'+x/1000), byte('0'+x/100%10), byte('0'+x/10%10), byte('0'+x%10))
	}
	card := len(s)
	s = append(s, cities[r.intn(int32(len(cities)))]...)
	city := len(s)
	s = append(s, states[r.intn(int32(len(states)))]...)
	off, n := g.extra(8+len(s), g.c.avgPerson)
	g.scratch = s
	if row < 0 {
		return
	}
	w.num(personID, row, g.c.lastPerson(id)+firstID)
	w.str(personName, row, s[:name])
	w.str(personEmail, row, s[name:email])
	w.str(personCard, row, s[email:card])
	w.str(personCity, row, s[card:city])
	w.str(personState, row, s[city:])
	w.num(personTime, row, g.at(number))
	w.piece(personExtra, row, off, n)
}

// text appends what appendText does. Where random numbers begin anew with each
// event it is a piece of one long text.
func (g *published) text(dst []byte, w *writer, most int32) []byte {
	if !g.anew {
		return appendText(dst, &g.r, most, ' ')
	}
	x := g.r.long()
	n := 3 + int(below(x, int64(most-3)))
	at := int(below(x<<32, int64(len(w.pools.text)-n)))
	return append(dst, bytes.Trim(w.pools.text[at:at+n], " ")...)
}

func (g *published) auction(w *writer, id, number int64) {
	r := &g.r
	row := -1
	if w.wanted[kindAuction] {
		row = w.add(kindAuction)
	}
	seller := int64(0)
	if r.intn(g.c.hotSellers) > 0 {
		seller = g.c.lastPerson(id) / hotBatch * hotBatch
	} else {
		seller = g.somePerson(id)
	}
	category := firstCategory + int64(r.intn(5))
	u := r.double()
	initial := int64(0)
	if row >= 0 {
		initial = price(u)
	}
	at := g.at(number)
	horizon := g.at(number+inFlightAuctions*g.c.total/g.c.auction) - at
	expires := at + 1 + r.longn(max(horizon*2, 1))
	if row < 0 {
		size := skipText(r, 20)
		size += skipText(r, 100)
		r.double()
		g.extra(8+size+40, g.c.avgAuction)
		return
	}
	w.num(auctionID, row, g.c.lastAuction(id)+firstID)
	w.num(auctionInitial, row, initial)
	w.num(auctionTime, row, at)
	w.num(auctionExpires, row, expires)
	w.num(auctionSeller, row, seller+firstID)
	w.num(auctionCategory, row, category)
	if g.anew && w.col[auctionItem] == nil && w.col[auctionDesc] == nil && w.col[auctionReserve] == nil && w.col[auctionExtra] == nil {
		return
	}
	s := g.text(g.scratch[:0], w, 20)
	item := len(s)
	s = g.text(s, w, 100)
	reserve := initial + price(r.double())
	off, n := g.extra(8+len(s)+40, g.c.avgAuction)
	g.scratch = s
	w.str(auctionItem, row, s[:item])
	w.str(auctionDesc, row, s[item:])
	w.num(auctionReserve, row, reserve)
	w.piece(auctionExtra, row, off, n)
}

func (g *published) bid(w *writer, id, number int64) {
	r := &g.r
	var auction, bidder int64
	if r.intn(g.c.hotAuctions) > 0 {
		auction = g.c.lastAuction(id) / hotBatch * hotBatch
	} else {
		last := g.c.lastAuction(id)
		low := max(last-inFlightAuctions, 0)
		auction = low + r.longn(last-low+1+auctionLead)
	}
	if r.intn(g.c.hotBidders) > 0 {
		bidder = g.c.lastPerson(id)/hotBatch*hotBatch + 1
	} else {
		bidder = g.somePerson(id)
	}
	u := r.double()
	var c int32
	if r.intn(2) > 0 {
		c = channels + r.intn(4)
	} else {
		c = int32(r.upTo(roomOfChannels) % channels)
	}
	off, n := g.extra(32, g.c.avgBid)
	if !w.wanted[kindBid] {
		return
	}
	row := w.add(kindBid)
	w.num(bidAuction, row, auction+firstID)
	w.num(bidBidder, row, bidder+2*firstID) // added twice in the published code
	if v := w.col[bidPrice]; v != nil {
		v.I64[row] = price(u)
	}
	if v := w.col[bidChannel]; v != nil {
		v.Views[row] = w.pools.channel[c]
	}
	if v := w.col[bidURL]; v != nil {
		v.Views[row] = w.pools.url[c]
	}
	if v := w.col[bidTime]; v != nil {
		v.I64[row] = g.at(number)
	}
	w.piece(bidExtra, row, off, n)
}

func (g *published) somePerson(id int64) int64 {
	people := g.c.lastPerson(id) + 1
	active := min(people, activePeople)
	return people - active + g.r.longn(active+personLead)
}

// extra chooses a piece of the pool that brings an event from its current size
// to the average.
func (g *published) extra(current, average int) (off, n int) {
	if current > average {
		return 0, 0
	}
	average -= current
	delta := int(math.Floor(float64(average)*0.2 + 0.5))
	n = average - delta
	if delta != 0 {
		n += int(g.r.intn(int32(2 * delta)))
	}
	return int(g.r.intn(int32(extraPool - n))), n
}
