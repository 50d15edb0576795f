package nexmark

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type person struct {
	ID    int64
	Name  string
	Email string `json:"emailAddress"`
	Card  string `json:"creditCard"`
	City  string
	State string
	Time  string `json:"dateTime"`
	Extra string
}

type auction struct {
	ID          int64
	Item        string `json:"itemName"`
	Description string
	Initial     int64 `json:"initialBid"`
	Reserve     int64
	Time        string `json:"dateTime"`
	Expires     string
	Seller      int64
	Category    int64
	Extra       string
}

type bid struct {
	Auction, Bidder, Price int64
	Channel, URL           string
	Time                   string `json:"dateTime"`
	Extra                  string
}

// events are the rows of a file, in their order.
type events struct {
	persons  []person
	auctions []auction
	bids     []bid
	item     map[int64]auction
}

// read reads a file of events, a JSON document on each line.
func read(path string) (*events, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", path, err)
		}
	}
	e := &events{item: map[int64]auction{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var x struct {
			Person  *person
			Auction *auction
			Bid     *bid
		}
		if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		switch {
		case x.Person != nil:
			e.persons = append(e.persons, *x.Person)
		case x.Auction != nil:
			e.auctions = append(e.auctions, *x.Auction)
			e.item[x.Auction.ID] = *x.Auction
		case x.Bid != nil:
			e.bids = append(e.bids, *x.Bid)
		}
	}
	return e, lines.Err()
}

const layout = "2006-01-02 15:04:05.000"

func millis(text string) int64 {
	t, err := time.Parse("2006-01-02 15:04:05.999", text)
	if err != nil {
		panic(fmt.Sprintf("time %q: %v", text, err))
	}
	return t.UnixMilli()
}

func stamp(ms int64) string  { return time.UnixMilli(ms).UTC().Format(layout) }
func at(text string) string  { return stamp(millis(text)) }
func day(text string) string { return at(text)[:10] }

// euro is 0.908 * price, a DECIMAL(23, 3).
func euro(price int64) string {
	n := price * 908
	return fmt.Sprintf("%d.%03d", n/1000, n%1000)
}

// result is a table: how often each row is there.
type result map[string]int

func (r result) add(fields ...any) {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprint(f)
	}
	r[strings.Join(parts, "\x1f")]++
}

// floor is the beginning of the window of a size that has a time.
func floor(ms, size int64) int64 { return ms - ms%size }

const second = int64(1000)

// queries computes each query from its meaning in words, row by row.
var queries = map[string]func(e *events, r result){
	"q0": func(e *events, r result) {
		for _, b := range e.bids {
			r.add(b.Auction, b.Bidder, b.Price, at(b.Time), b.Extra)
		}
	},
	"q1": func(e *events, r result) {
		for _, b := range e.bids {
			r.add(b.Auction, b.Bidder, euro(b.Price), at(b.Time), b.Extra)
		}
	},
	"q2": func(e *events, r result) {
		for _, b := range e.bids {
			if b.Auction%123 == 0 {
				r.add(b.Auction, b.Price)
			}
		}
	},
	"q3": func(e *events, r result) {
		for _, a := range e.auctions {
			for _, p := range e.persons {
				if a.Category == 10 && a.Seller == p.ID && slices.Contains([]string{"OR", "ID", "CA"}, p.State) {
					r.add(p.Name, p.City, p.State, a.ID)
				}
			}
		}
	},
	"q4": func(e *events, r result) {
		final := map[int64]int64{}
		for _, b := range e.valid() {
			final[b.Auction] = max(final[b.Auction], b.Price)
		}
		sums, counts := map[int64]int64{}, map[int64]int64{}
		for a, price := range final {
			c := e.item[a].Category
			sums[c] += price
			counts[c]++
		}
		for c := range sums {
			r.add(c, sums[c]/counts[c])
		}
	},
	"q5": func(e *events, r result) {
		counts := map[int64]map[int64]int{} // by window, then auction
		for _, b := range e.bids {
			for w := floor(millis(b.Time), 2*second); w > millis(b.Time)-10*second; w -= 2 * second {
				if counts[w] == nil {
					counts[w] = map[int64]int{}
				}
				counts[w][b.Auction]++
			}
		}
		for _, auctions := range counts {
			most := 0
			for _, n := range auctions {
				most = max(most, n)
			}
			for a, n := range auctions {
				if n == most {
					r.add(a, n)
				}
			}
		}
	},
	"q7": func(e *events, r result) {
		highest := map[int64]int64{} // by end of window
		for _, b := range e.bids {
			end := floor(millis(b.Time), 10*second) + 10*second
			highest[end] = max(highest[end], b.Price)
		}
		for _, b := range e.bids {
			for end, price := range highest {
				if t := millis(b.Time); b.Price == price && t >= end-10*second && t <= end {
					r.add(b.Auction, b.Price, b.Bidder, at(b.Time), b.Extra)
				}
			}
		}
	},
	"q8": func(e *events, r result) {
		type key struct{ id, window int64 }
		sellers := map[key]bool{}
		for _, a := range e.auctions {
			sellers[key{a.Seller, floor(millis(a.Time), 10*second)}] = true
		}
		seen := map[string]bool{}
		for _, p := range e.persons {
			w := floor(millis(p.Time), 10*second)
			if once := fmt.Sprint(p.ID, p.Name, w); sellers[key{p.ID, w}] && !seen[once] {
				seen[once] = true
				r.add(p.ID, p.Name, stamp(w))
			}
		}
	},
	"q9": func(e *events, r result) {
		best := map[int64]bid{}
		for _, b := range e.valid() {
			if old, ok := best[b.Auction]; !ok || b.Price > old.Price || b.Price == old.Price && millis(b.Time) < millis(old.Time) {
				best[b.Auction] = b
			}
		}
		for id, b := range best {
			a := e.item[id]
			r.add(a.ID, a.Item, a.Description, a.Initial, a.Reserve, at(a.Time), at(a.Expires), a.Seller, a.Category, a.Extra,
				b.Auction, b.Bidder, b.Price, at(b.Time), b.Extra)
		}
	},
	"q10": func(e *events, r result) {
		for _, b := range e.bids {
			r.add(b.Auction, b.Bidder, b.Price, at(b.Time), b.Extra, day(b.Time), at(b.Time)[11:16])
		}
	},
	"q11": func(e *events, r result) {
		times := map[int64][]int64{}
		for _, b := range e.bids {
			times[b.Bidder] = append(times[b.Bidder], millis(b.Time))
		}
		for bidder, list := range times {
			slices.Sort(list)
			n, first := 1, list[0]
			for i, t := range list {
				if i+1 < len(list) && list[i+1]-t <= 10*second {
					n++
					continue
				}
				r.add(bidder, n, stamp(first), stamp(t+10*second))
				if n = 1; i+1 < len(list) {
					first = list[i+1]
				}
			}
		}
	},
	"q13": func(e *events, r result) {
		for _, b := range e.bids {
			r.add(b.Auction, b.Bidder, b.Price, at(b.Time), b.Auction%10000)
		}
	},
	"q14": func(e *events, r result) {
		for _, b := range e.bids {
			if n := b.Price * 908; n <= 1_000_000_000 || n >= 50_000_000_000 {
				continue
			}
			hour, _ := strconv.Atoi(at(b.Time)[11:13])
			kind := "otherTime"
			switch {
			case hour >= 8 && hour <= 18:
				kind = "dayTime"
			case hour <= 6 || hour >= 20:
				kind = "nightTime"
			}
			r.add(b.Auction, b.Bidder, euro(b.Price), kind, at(b.Time), b.Extra, strings.Count(b.Extra, "c"))
		}
	},
	"q15": func(e *events, r result) {
		for d, s := range statistics(e.bids, func(b bid) string { return day(b.Time) }) {
			r.add(append([]any{d}, s.numbers()...)...)
		}
	},
	"q16": func(e *events, r result) {
		for key, s := range statistics(e.bids, func(b bid) string { return b.Channel + "\x1f" + day(b.Time) }) {
			r.add(append([]any{key, s.minute}, s.numbers()...)...)
		}
	},
	"q17": func(e *events, r result) {
		for key, s := range statistics(e.bids, func(b bid) string { return fmt.Sprint(b.Auction) + "\x1f" + day(b.Time) }) {
			r.add(key, s.bids[0], s.bids[1], s.bids[2], s.bids[3], s.least, s.most, s.sum/int64(s.bids[0]), s.sum)
		}
	},
	"q18": func(e *events, r result) {
		last := map[[2]int64]bid{}
		for _, b := range e.bids {
			if old, ok := last[[2]int64{b.Bidder, b.Auction}]; !ok || millis(b.Time) >= millis(old.Time) {
				last[[2]int64{b.Bidder, b.Auction}] = b
			}
		}
		for _, b := range last {
			r.add(b.Auction, b.Bidder, b.Price, b.Channel, b.URL, at(b.Time), b.Extra)
		}
	},
	"q19": func(e *events, r result) { // of bids with one price any may come first
		all := map[int64][]int64{}
		for _, b := range e.bids {
			all[b.Auction] = append(all[b.Auction], b.Price)
		}
		for a, prices := range all {
			slices.Sort(prices)
			slices.Reverse(prices)
			for i, p := range prices[:min(10, len(prices))] {
				r.add(a, p, i+1)
			}
		}
	},
	"q20": func(e *events, r result) {
		for _, b := range e.bids {
			if a, ok := e.item[b.Auction]; ok && a.Category == 10 {
				r.add(b.Auction, b.Bidder, b.Price, b.Channel, b.URL, at(b.Time), b.Extra,
					a.Item, a.Description, a.Initial, a.Reserve, at(a.Time), at(a.Expires), a.Seller, a.Category, a.Extra)
			}
		}
	},
	"q21": func(e *events, r result) {
		pattern := regexp.MustCompile(`(&|^)channel_id=([^&]*)`)
		ids := map[string]string{"apple": "0", "google": "1", "facebook": "2", "baidu": "3"}
		for _, b := range e.bids {
			id, ok := ids[strings.ToLower(b.Channel)]
			if m := pattern.FindStringSubmatch(b.URL); !ok && m != nil {
				id, ok = m[2], true
			}
			if ok {
				r.add(b.Auction, b.Bidder, b.Price, b.Channel, id)
			}
		}
	},
	"q22": func(e *events, r result) {
		for _, b := range e.bids {
			parts := append(strings.Split(b.URL, "/"), "", "", "", "", "", "")
			r.add(b.Auction, b.Bidder, b.Price, b.Channel, parts[3], parts[4], parts[5])
		}
	},
	"q23": func(e *events, r result) {
		for _, b := range e.bids {
			for _, p := range e.persons {
				if p.ID != b.Bidder {
					continue
				}
				for _, a := range e.auctions {
					if a.Seller == b.Bidder {
						r.add(b.Bidder, b.Price, b.Channel, b.URL, b.Extra, p.ID, p.Name, p.Email, p.Card, p.City, p.State, p.Extra,
							a.Item, a.Description, a.Initial, a.Reserve, at(a.Time), at(a.Expires), a.Seller, a.Category, a.Extra)
					}
				}
			}
		}
	},
}

// valid are the bids made while their auction was open, both ends included.
func (e *events) valid() []bid {
	var out []bid
	for _, b := range e.bids {
		if a, ok := e.item[b.Auction]; ok && millis(b.Time) >= millis(a.Time) && millis(b.Time) <= millis(a.Expires) {
			out = append(out, b)
		}
	}
	return out
}

// group is the numbers of some bids: all of them, then those of the three ranks.
type group struct {
	bids              [4]int
	bidders, auctions [4]map[int64]bool
	least, most, sum  int64
	minute            string
}

func (s *group) numbers() []any {
	var out []any
	for _, n := range s.bids {
		out = append(out, n)
	}
	for _, m := range s.bidders {
		out = append(out, len(m))
	}
	for _, m := range s.auctions {
		out = append(out, len(m))
	}
	return out
}

func statistics(bids []bid, key func(bid) string) map[string]*group {
	out := map[string]*group{}
	for _, b := range bids {
		s := out[key(b)]
		if s == nil {
			s = &group{least: b.Price}
			for i := range 4 {
				s.bidders[i], s.auctions[i] = map[int64]bool{}, map[int64]bool{}
			}
			out[key(b)] = s
		}
		rank := 3
		switch {
		case b.Price < 10_000:
			rank = 1
		case b.Price < 1_000_000:
			rank = 2
		}
		for _, i := range []int{0, rank} {
			s.bids[i]++
			s.bidders[i][b.Bidder] = true
			s.auctions[i][b.Auction] = true
		}
		s.least, s.most, s.sum = min(s.least, b.Price), max(s.most, b.Price), s.sum+b.Price
		s.minute = max(s.minute, at(b.Time)[11:16])
	}
	return out
}

// closings are, for q6, the highest price of each auction that was sold, with
// when it was bid, by seller. Of equal bids any may be the one.
func (e *events) closings() map[int64][]bid {
	best := map[int64]bid{}
	for _, b := range e.valid() {
		if old, ok := best[b.Auction]; !ok || b.Price > old.Price {
			best[b.Auction] = b
		}
	}
	out := map[int64][]bid{}
	for id, b := range best {
		out[e.item[id].Seller] = append(out[e.item[id].Seller], b)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b bid) int { return int(millis(a.Time) - millis(b.Time)) })
	}
	return out
}
