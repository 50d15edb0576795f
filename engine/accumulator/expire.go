package accumulator

import "unsafe"

// Expire gives groups a time to live, before the first NewGroups: one that was
// not written for so many milliseconds is as if it had never been. The operator
// calls Renew and Sweep.
func (s *Set) Expire(millis int64) {
	s.ttl = millis
	for k := range s.sides {
		if d := &s.sides[k]; d.head < 0 { // its values go with the group
			d.head, d.block = s.room(8), 0
		}
	}
	s.written = s.Room(8)
}

// Renew begins the lives of groups that were resolved anew. Those whose time was
// over are empty then.
func (g *Groups) Renew(recs []unsafe.Pointer, now int64) {
	for _, rec := range recs {
		at := i64(rec, g.set.written)
		if *at != 0 && now-*at >= g.set.ttl {
			g.set.empty(g, rec)
			g.Reset(rec)
		}
		*at = now
	}
}

// sweepStep is how many groups Sweep looks at.
const sweepStep = 256

// Sweep deletes some of the groups whose time is over.
func (g *Groups) Sweep(now int64) error {
	var err error
	g.swept, err = g.Table.Walk(g.swept, sweepStep, func(rec unsafe.Pointer) error {
		if at := *i64(rec, g.set.written); now-at >= g.set.ttl {
			g.set.Drop(g, rec)
		}
		return nil
	})
	return err
}

// Born begins the lives of all groups, as those that were restored.
func (g *Groups) Born(now int64) {
	g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		*i64(rec, g.set.written) = now
		return true
	})
}
