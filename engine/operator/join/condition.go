package join

import (
	"github.com/weir-streams/weir/engine/data"
)

// judge leaves the candidates for which the condition is TRUE.
func (j *join) judge(input int, b *data.Batch) error {
	p := &j.pairs
	kept := 0
	for from := 0; from < len(p.at); from += data.BatchSize {
		to := min(from+data.BatchSize, len(p.at))
		j.judged = j.judged[:0]
		for _, at := range p.at[from:to] {
			j.judged = append(j.judged, j.rows[at])
		}
		sel, err := j.cond.Judge(to-from, j.ctx.Env, func(o *data.Batch, side int, cols []int, types []data.Type) error {
			if side != input {
				return j.store.sides[side].gather(o, p.rec[from:to], cols, types)
			}
			for _, k := range cols {
				o.Cols = append(o.Cols, data.Gather(b.Cols[k], j.judged))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if sel == nil {
			kept += copy(p.at[kept:], p.at[from:to])
			copy(p.rec[kept-(to-from):], p.rec[from:to])
			continue
		}
		for _, i := range sel {
			p.at[kept], p.rec[kept] = p.at[from+int(i)], p.rec[from+int(i)]
			kept++
		}
	}
	p.at, p.rec = p.at[:kept], p.rec[:kept]
	return nil
}
