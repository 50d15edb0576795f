package loops

import (
	"math/bits"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// The references do nothing but the work: no batch is allocated, no NULL is
// looked for, no state is kept for a checkpoint.

func (r *rows) each(n int, f func(k int)) {
	for k := 0; n > 0; k++ {
		f(k % replayed)
		n -= data.BatchSize
	}
}

func (r *rows) filter(n int) {
	r.each(n, func(k int) {
		at := 0
		prices := r.prices[k]
		for i, a := range r.auctions[k] {
			if a%123 == 0 {
				r.outs[0][at], r.outs[1][at] = a, prices[i]
				at++
			}
		}
		r.sum += int64(at)
	})
}

func (r *rows) project(n int) {
	r.each(n, func(k int) {
		out := r.outs[0]
		for i, p := range r.prices[k] {
			out[i] = p*3 + 1
		}
		r.sum += out[0]
	})
}

func (r *rows) decimal(n int) {
	r.each(n, func(k int) {
		high, low := r.outs[0], r.outs[1]
		for i, p := range r.prices[k] { // a DECIMAL of 23 digits has two words
			h, l := bits.Mul64(uint64(p), 908)
			high[i], low[i] = int64(h), int64(l)
		}
		r.sum += low[0]
	})
}

func (r *rows) branches(n int) {
	r.each(n, func(k int) {
		out := r.outs[0]
		for i, p := range r.prices[k] {
			switch {
			case p < 1000:
				out[i] = 1
			case p < 100_000:
				out[i] = 2
			default:
				out[i] = 3
			}
		}
		r.sum += out[0]
	})
}

func (r *rows) split(n int) {
	r.each(n, func(k int) {
		for i, u := range r.urls[k] {
			for range 3 {
				u = u[strings.IndexByte(u, '/')+1:]
			}
			for part := range 3 {
				end := strings.IndexByte(u, '/')
				r.text[part][i] = u[:end]
				u = u[end+1:]
			}
		}
		r.sum += int64(len(r.text[2][0]))
	})
}

// cell is a group: a key and its aggregates, in a table with open addressing.
type cell struct{ key, count, sum, most int64 }

const slots = 1 << 15

func find(table []cell, key int64) *cell {
	for at := uint64(key) * 0x9E3779B97F4A7C15 >> (64 - 15); ; at = (at + 1) % slots {
		if c := &table[at]; c.key == key || c.key == 0 {
			c.key = key
			return c
		}
	}
}

func (r *rows) group(n int) {
	table := make([]cell, slots)
	seen := make([]int64, slots)
	epoch := int64(0)
	r.each(n, func(k int) {
		epoch++
		at := 0
		for i, a := range r.auctions[k] {
			c := find(table, a)
			p := r.prices[k][i]
			if slot := a & (slots - 1); seen[slot] != epoch { // the row before the change goes out once
				seen[slot] = epoch
				r.outs[0][at], r.outs[1][at], r.outs[2][at], r.outs[3][at] = a, c.count, c.sum, c.most
				at++
			}
			c.count++
			c.sum += p
			c.most = max(c.most, p)
		}
		for i, a := range r.outs[0][:at] {
			c := find(table, a)
			r.outs[4][i], r.outs[5][i] = c.sum, c.most
		}
		r.sum += int64(at)
	})
}

func (r *rows) window(n int) {
	table := make([]cell, slots)
	end, passed, k0 := int64(0), int64(0), 0
	r.each(n, func(k int) {
		prices, times := r.prices[k], r.times[k]
		if k < k0 {
			passed += replayedMillis
		}
		k0 = k
		for i, b := range r.bidders[k] {
			if t := times[i] + passed; t >= end {
				if end > 0 {
					clear(table)
				}
				end = t - t%10_000 + 10_000
			}
			c := find(table, b)
			c.count++
			c.most = max(c.most, prices[i])
		}
		r.sum += table[0].count
	})
}

func (r *rows) newest(n int) {
	table := make([]cell, slots)
	r.each(n, func(k int) {
		for i, a := range r.auctions[k] {
			c := find(table, a)
			r.outs[0][i], r.outs[1][i], r.outs[2][i] = a, c.sum, c.most // the row before
			if t := r.times[k][i]; t >= c.count || c.count == 0 {
				c.count, c.sum, c.most = t, r.bidders[k][i], r.prices[k][i]
			}
			r.outs[3][i], r.outs[4][i], r.outs[5][i] = a, c.sum, c.most
		}
		r.sum += r.outs[5][0]
	})
}
