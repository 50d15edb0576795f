package loops

import (
	"context"
	"fmt"
	"math/rand"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/option"
)

const bidTable = `CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, url STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'replay');
`

// replayed is how many batches there are, given again and again: about what fits
// in the second cache.
const (
	replayed       = 16
	replayedMillis = replayed * data.BatchSize / rowsPerMilli
	rowsPerMilli   = 10
	timeColumn     = 4
)

// rows are made beforehand, so that making them costs nothing.
type rows struct {
	auctions, bidders, prices, times [][]int64
	urls                             [][]string
	batches                          [][]*data.Vector

	// what the references make, so that nothing is left out
	sum  int64
	outs [6][]int64
	text [3][]string
}

func makeRows() *rows {
	r := &rows{}
	rng := rand.New(rand.NewSource(1))
	types := []data.Type{data.Of(data.BigInt), data.Of(data.BigInt), data.Of(data.BigInt), data.String(), {Kind: data.Timestamp, Precision: 3}}
	for k := range replayed {
		a, b, p, at, u := column(), column(), column(), column(), make([]string, data.BatchSize)
		for i := range data.BatchSize {
			a[i], b[i], p[i] = 1000+rng.Int63n(10_000), 1000+rng.Int63n(10_000), 100+rng.Int63n(1_000_000)
			at[i] = 1_700_000_000_000 + int64(k*data.BatchSize+i)/rowsPerMilli
			u[i] = fmt.Sprintf("https://www.nexmark.com/%x/%x/%x/item.htm?query=1&channel_id=%d", rng.Int31n(1<<20), rng.Int31n(1<<20), rng.Int31n(1<<20), rng.Int31())
		}
		r.auctions, r.bidders, r.prices, r.times, r.urls = append(r.auctions, a), append(r.bidders, b), append(r.prices, p), append(r.times, at), append(r.urls, u)
		batch := data.MakeBatch(types, data.BatchSize)
		copy(batch.Cols[0].I64, a)
		copy(batch.Cols[1].I64, b)
		copy(batch.Cols[2].I64, p)
		for i, s := range u {
			batch.Cols[3].SetString(i, s)
		}
		copy(batch.Cols[4].I64, at)
		r.batches = append(r.batches, batch.Cols)
	}
	for i := range r.outs {
		r.outs[i] = column()
	}
	for i := range r.text {
		r.text[i] = make([]string, data.BatchSize)
	}
	return r
}

func column() []int64 { return make([]int64, data.BatchSize) }

// connector gives the rows again and again until n were given. Time goes on.
func (r *rows) connector(n int) *connector.Connector {
	return &connector.Connector{
		Name: "replay", Doc: "Rows made beforehand.",
		Bounded: func(option.Values) bool { return true },
		Source: func(s connector.SourceSpec) (connector.Source, error) {
			return &replay{rows: r, left: n, columns: s}, nil
		},
	}
}

type replay struct {
	rows    *rows
	left, k int
	columns connector.SourceSpec
}

func (p *replay) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	if p.left <= 0 {
		return connector.Ended, nil
	}
	from := p.rows.batches[p.k%replayed]
	for i, o := range p.columns.Source.Output {
		b.Cols[i].Release()
		if o.Column != timeColumn {
			b.Cols[i] = from[o.Column].Retain()
			continue
		}
		v := data.NewVector(from[timeColumn].Type, data.BatchSize)
		for r, t := range from[timeColumn].I64 {
			v.I64[r] = t + int64(p.k/replayed)*replayedMillis
		}
		b.Cols[i] = v
	}
	b.N = data.BatchSize
	p.left -= data.BatchSize
	p.k++
	return connector.More, nil
}

func (p *replay) Restore([]connector.Split) error { return nil }
func (p *replay) Splits() []connector.Split       { return nil }
func (p *replay) Close() error                    { return nil }
