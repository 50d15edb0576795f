package nexmark

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// Kinds of events.
const (
	kindPerson = iota
	kindAuction
	kindBid
)

// leaf is one field of one kind of event.
type leaf int

const (
	eventType leaf = iota
	personID
	personName
	personEmail
	personCard
	personCity
	personState
	personTime
	personExtra
	auctionID
	auctionItem
	auctionDesc
	auctionInitial
	auctionReserve
	auctionTime
	auctionExpires
	auctionSeller
	auctionCategory
	auctionExtra
	bidAuction
	bidBidder
	bidPrice
	bidChannel
	bidURL
	bidTime
	bidExtra
	leaves
)

type fieldType int

const (
	number fieldType = iota
	text
	moment
)

// kindOfEvent is the fields of a kind, the leaves from first on.
type kindOfEvent struct {
	name   string
	first  leaf
	fields []string
	types  []fieldType
}

var kinds = []kindOfEvent{
	{
		"person", personID,
		[]string{"id", "name", "emailAddress", "creditCard", "city", "state", "dateTime", "extra"},
		[]fieldType{number, text, text, text, text, text, moment, text},
	},
	{
		"auction", auctionID,
		[]string{"id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires", "seller", "category", "extra"},
		[]fieldType{number, text, text, number, number, moment, moment, number, number, text},
	},
	{
		"bid", bidAuction,
		[]string{"auction", "bidder", "price", "channel", "url", "dateTime", "extra"},
		[]fieldType{number, number, number, text, text, moment, text},
	},
}

// column is a column of the table: one leaf, or a row of leaves of one kind.
type column struct {
	kind   int // of a row; -1: event_type
	leaf   leaf
	fields []leaf // of a row
	row    bool
}

// shape is what the columns of the table mean.
type shape struct {
	columns []column
	only    int // the kind the table is of; -1: all
}

func newShape(t graph.Table, table string) (shape, error) {
	s := shape{only: -1}
	for k, kind := range kinds {
		if kind.name == table {
			s.only = k
		}
	}
	if len(t.Metadata) > 0 {
		return s, fmt.Errorf("table %s: nexmark has no metadata columns", t.Name)
	}
	for _, c := range t.Columns {
		if s.only >= 0 {
			l, err := field(s.only, c.Name, c.Type)
			if err != nil {
				return s, err
			}
			s.columns = append(s.columns, column{kind: s.only, leaf: l})
			continue
		}
		if c.Name == "event_type" {
			if c.Type.Kind != data.Int {
				return s, fmt.Errorf("column \"event_type\" of nexmark must be INT, not %s", c.Type)
			}
			s.columns = append(s.columns, column{kind: -1, leaf: eventType})
			continue
		}
		k := slices.IndexFunc(kinds, func(k kindOfEvent) bool { return k.name == c.Name })
		if k < 0 || c.Type.Kind != data.Row {
			return s, fmt.Errorf("column %q (%s): a nexmark table has the columns event_type INT, and person, auction, bid of type ROW; for the fields of one kind as columns set the option 'table' to 'person', 'auction' or 'bid'", c.Name, c.Type)
		}
		col := column{kind: k, row: true}
		for i, name := range c.Type.Names {
			l, err := field(k, name, c.Type.Args[i])
			if err != nil {
				return s, err
			}
			col.fields = append(col.fields, l)
		}
		s.columns = append(s.columns, col)
	}
	return s, nil
}

func field(kind int, name string, t data.Type) (leaf, error) {
	k := kinds[kind]
	i := slices.Index(k.fields, name)
	if i < 0 {
		return 0, fmt.Errorf("a nexmark %s has no field %q; it has %s", k.name, name, strings.Join(k.fields, ", "))
	}
	ok, want := false, ""
	switch k.types[i] {
	case number:
		ok, want = t.Kind == data.BigInt, "BIGINT"
	case text:
		ok, want = t.Kind == data.VarChar || t.Kind == data.Char, "STRING"
	case moment:
		ok, want = t.Kind == data.Timestamp || t.Kind == data.TimestampLTZ, "TIMESTAMP(3)"
	}
	if !ok {
		return 0, fmt.Errorf("field %q of a nexmark %s must be %s, not %s", name, k.name, want, t)
	}
	return k.first + leaf(i), nil
}

func kindOf(l leaf) int {
	switch {
	case l >= bidAuction:
		return kindBid
	case l >= auctionID:
		return kindAuction
	}
	return kindPerson
}

// kindsWanted tells of which kinds rows are wanted, by the filter's hint.
func kindsWanted(s shape, src graph.Source) [3]bool {
	want := [3]bool{true, true, true}
	if s.only >= 0 {
		want = [3]bool{}
		want[s.only] = true
		return want
	}
	if src.Filter == nil {
		return want
	}
	isType := func(e expr.Expr) bool {
		for (e.Func == "CAST" || e.Func == "REINTERPRET") && len(e.Args) == 1 {
			e = e.Args[0]
		}
		return e.Kind == expr.KindColumn && e.Index < len(src.Output) && src.Output[e.Index].Metadata < 0 && s.columns[src.Output[e.Index].Column].kind == -1
	}
	var walk func(e expr.Expr)
	walk = func(e expr.Expr) {
		switch {
		case e.Kind == expr.KindCall && e.Func == "AND":
			for _, a := range e.Args {
				walk(a)
			}
		case e.Kind == expr.KindCall && (e.Func == "=" || e.Func == "<>") && len(e.Args) == 2:
			a, b := e.Args[0], e.Args[1]
			if a.Kind == expr.KindLiteral {
				a, b = b, a
			}
			if !isType(a) || b.Kind != expr.KindLiteral || b.Value.Null || b.Type.Phys() != data.PhysI32 && b.Type.Phys() != data.PhysI64 || b.Type.Kind == data.Decimal {
				return
			}
			for k := range want {
				if (int64(k) == b.Value.I) != (e.Func == "=") {
					want[k] = false
				}
			}
		}
	}
	walk(*src.Filter)
	return want
}
