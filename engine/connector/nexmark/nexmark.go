// Package nexmark is a source of the Nexmark benchmark's events: people,
// auctions and bids of an online auction house.
//
// The rule: an event depends on the seed and its number alone, so that a
// restored source goes on with the very stream it began.
package nexmark

import (
	"fmt"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is the entry of the nexmark connector.
var Connector = &connector.Connector{
	Name: "nexmark",
	Doc: "Events of the Nexmark benchmark. The table has the columns event_type (0 person, 1 auction, 2 bid), person, auction and bid, or some of them, the last three being rows of some of the benchmark's fields; " +
		"or, with the option table, the fields of one kind of event as columns of their own.",
	Options: []option.Option{
		{Key: "table", Type: option.Enum, Enum: []string{"events", "person", "auction", "bid"}, Default: "events", Doc: "events: all kinds, in one table of rows. Else the fields of one kind as columns. An option of weir's own."},
		{Key: "events.num", Type: option.Int, Default: "0", Doc: "Number of events of all kinds; 0 is without end.", Example: "1000000"},
		{Key: "first-event.rate", Type: option.Int, Default: "10000000", Doc: "Events a second of event time; equal to next-event.rate, changing rates are not supported."},
		{Key: "next-event.rate", Type: option.Int, Default: "10000000", Doc: "Events a second of event time."},
		{Key: "rate.limited", Type: option.Bool, Default: "false", Doc: "Give events at the rate of their event time instead of as fast as possible."},
		{Key: "person.proportion", Type: option.Int, Default: "1", Doc: "People in each round of events."},
		{Key: "auction.proportion", Type: option.Int, Default: "3", Doc: "Auctions in each round of events."},
		{Key: "bid.proportion", Type: option.Int, Default: "46", Doc: "Bids in each round of events."},
		{Key: "person.avg-size", Type: option.Bytes, Default: "200", Doc: "Average size of a person, reached with the text in extra."},
		{Key: "auction.avg-size", Type: option.Bytes, Default: "500", Doc: "Average size of an auction."},
		{Key: "bid.avg-size", Type: option.Bytes, Default: "100", Doc: "Average size of a bid."},
		{Key: "bid.hot-ratio.auctions", Type: option.Int, Default: "2", Doc: "One bid in this many is not for a hot auction."},
		{Key: "bid.hot-ratio.bidders", Type: option.Int, Default: "4", Doc: "One bid in this many is not from a hot bidder."},
		{Key: "auction.hot-ratio.sellers", Type: option.Int, Default: "4", Doc: "One auction in this many is not from a hot seller."},
		{Key: "generator", Type: option.Enum, Enum: []string{"published", "fast"}, Default: "published", Doc: "published: the published generator's stream, byte for byte as that one seeded. fast: other random numbers of the same distributions, computed by columns, spread over any parallelism, about twice as fast. An option of weir's own."},
		{Key: "generators", Type: option.Int, Default: "1", Doc: "How many generators share the events of 'published', as source subtasks do in Flink; at most that many subtasks have work. An option of weir's own."},
		{Key: "seed", Type: option.Int, Default: "1", Doc: "Another seed, another stream. An option of weir's own."},
		{Key: "base-time", Default: "2024-01-01 00:00:00", Doc: "Event time of the beginning. An option of weir's own; Flink takes the clock.", Example: "2024-02-28 23:59:10"},
		{Key: "scan.rate-limit", Type: option.Int, Doc: "Events a second, over all subtasks. An option of weir's own."},
	},
	Bounded: func(o option.Values) bool { return o.Int("events.num") > 0 },
	Source:  newSource,
	Check:   check,
}

// config is the facts of a stream. Defaults are those of the published
// generator (nexmark-flink, commit 6b3646c).
type config struct {
	person, auction, bid, total         int64 // shares of a round
	hotAuctions, hotBidders, hotSellers int32
	avgPerson, avgAuction, avgBid       int
	seed, base                          int64
	rate                                float64
	events                              int64 // 0: no end
	generators                          int
	fast                                bool
}

// Fixed facts of the published generator.
const (
	firstID                        = 1000 // of people and auctions
	firstCategory                  = 10
	hotBatch                       = 100 // one hot auction, bidder, seller per this many
	inFlightAuctions, activePeople = 100, 1000
	auctionLead, personLead        = 10, 10
	channels                       = 10000
	extraPool                      = 1 << 20
)

func newConfig(o option.Values) (config, error) {
	c := config{
		person: o.Int("person.proportion"), auction: o.Int("auction.proportion"), bid: o.Int("bid.proportion"),
		hotAuctions: int32(o.Int("bid.hot-ratio.auctions")), hotBidders: int32(o.Int("bid.hot-ratio.bidders")), hotSellers: int32(o.Int("auction.hot-ratio.sellers")),
		avgPerson: int(o.Bytes("person.avg-size")), avgAuction: int(o.Bytes("auction.avg-size")), avgBid: int(o.Bytes("bid.avg-size")),
		seed: o.Int("seed"), rate: float64(o.Int("next-event.rate")), events: o.Int("events.num"),
		generators: int(o.Int("generators")), fast: o.String("generator") == "fast",
	}
	c.total = c.person + c.auction + c.bid
	for _, r := range []struct {
		key      string
		low, top int64
	}{
		{"person.proportion", 1, 1000},
		{"auction.proportion", 1, 1000},
		{"bid.proportion", 1, 1000},
		{"bid.hot-ratio.auctions", 1, 1e6},
		{"bid.hot-ratio.bidders", 1, 1e6},
		{"auction.hot-ratio.sellers", 1, 1e6},
		{"next-event.rate", 1, 1e9},
		{"events.num", 0, 1 << 60},
		{"generators", 1, 1024},
		{"scan.rate-limit", 0, 1 << 60},
	} {
		if x := o.Int(r.key); x < r.low || x > r.top {
			return c, fmt.Errorf("option '%s' must be from %d to %d, got %d", r.key, r.low, r.top, x)
		}
	}
	for _, key := range []string{"person.avg-size", "auction.avg-size", "bid.avg-size"} {
		if x := o.Bytes(key); x > 100_000 {
			return c, fmt.Errorf("option '%s' must be at most 100000 bytes, got %d", key, x)
		}
	}
	if o.Int("first-event.rate") != o.Int("next-event.rate") && o.Has("first-event.rate") && o.Has("next-event.rate") {
		return c, fmt.Errorf("options 'first-event.rate' and 'next-event.rate' must be equal: changing rates are not supported")
	}
	if o.Has("first-event.rate") && !o.Has("next-event.rate") {
		if c.rate = float64(o.Int("first-event.rate")); c.rate < 1 || c.rate > 1e9 {
			return c, fmt.Errorf("option 'first-event.rate' must be from 1 to 1000000000, got %d", o.Int("first-event.rate"))
		}
	}
	var err error
	if c.base, _, err = data.ParseTimestamp(o.String("base-time")); err != nil {
		return c, fmt.Errorf("option 'base-time': %w", err)
	}
	if c.fast && c.generators != 1 {
		return c, fmt.Errorf("option 'generators' is for 'generator' = 'published'; the fast one spreads its events over any parallelism")
	}
	return c, nil
}

func check(t graph.Table, o option.Values) error {
	if _, err := newConfig(o); err != nil {
		return err
	}
	_, err := newShape(t, o.String("table"))
	return err
}

func (c *config) lastPerson(id int64) int64 {
	return id/c.total*c.person + min(id%c.total, c.person-1)
}

func (c *config) lastAuction(id int64) int64 {
	epoch, off := id/c.total, id%c.total
	switch {
	case off < c.person:
		epoch, off = epoch-1, c.auction-1
	case off >= c.person+c.auction:
		off = c.auction - 1
	default:
		off -= c.person
	}
	return epoch*c.auction + off
}

// kind is the sort of an event.
func (c *config) kind(id int64) int {
	switch rem := id % c.total; {
	case rem < c.person:
		return kindPerson
	case rem < c.person+c.auction:
		return kindAuction
	}
	return kindBid
}
