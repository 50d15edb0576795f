package expr_test

import (
	"testing"

	"github.com/weir-streams/weir/engine/data"
	. "github.com/weir-streams/weir/engine/expr"
)

// batchOf makes a full batch of bids: auction, price, channel, url, time.
func batchOf() (*data.Batch, []data.Type) {
	types := []data.Type{tBig, tBig, tStr, tStr, tTS3}
	b := data.MakeBatch(types, data.BatchSize)
	channels := []string{"apple", "Google", "facebook", "baidu", "channel-4711"}
	x := uint64(88172645463325252)
	for k := range b.N {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.Cols[0].I64[k] = int64(1000 + x%50000)
		b.Cols[1].I64[k] = int64(x % 100000000)
		b.Cols[2].SetString(k, channels[x%5])
		b.Cols[3].SetString(k, "https://www.nexmark.com/abo/def/ghi/item.htm?query=1&channel_id=12345678")
		b.Cols[4].I64[k] = 1700000000000 + int64(k)
	}
	return b, types
}

func benchEval(b *testing.B, exprs ...Expr) {
	batch, types := batchOf()
	p, err := Compile(exprs, types, fns)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]*data.Vector, len(exprs))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Eval(batch, env(""), out); err != nil {
			b.Fatal(err)
		}
		for k := range out {
			out[k].Release()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/data.BatchSize, "ns/row")
}

func benchFilter(b *testing.B, e Expr) {
	batch, types := batchOf()
	f, err := CompileFilter(e, types, fns)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Select(batch, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/data.BatchSize, "ns/row")
}

var (
	auction = Column(0, tBig)
	price   = Column(1, tBig)
	channel = Column(2, tStr)
	url     = Column(3, tStr)
	at      = Column(4, tTS3)
	euro    = Call("*", dec(23, 3), decimal("0.908"), price)
)

func BenchmarkQ1MultiplyByDecimal(b *testing.B) { benchEval(b, auction, euro, channel) }

func BenchmarkQ2ModFilter(b *testing.B) {
	benchFilter(b, Call("=", tBool, Call("MOD", tBig, auction, big(123)), big(0)))
}

func BenchmarkQ14Filter(b *testing.B) {
	benchFilter(b, Call("AND", tBool, Call(">", tBool, euro, i(1000000)), Call("<", tBool, euro, i(50000000))))
}

func BenchmarkRangeFilter(b *testing.B) {
	benchFilter(b, Call("AND", tBool, Call(">=", tBool, price, big(10000000)), Call("<", tBool, price, big(38000000))))
}

func BenchmarkQ14Case(b *testing.B) {
	hour := Call("HOUR", tBig, at)
	benchEval(b, Call("CASE", tStr,
		Call("AND", tBool, Call(">=", tBool, hour, big(8)), Call("<=", tBool, hour, big(18))), s("dayTime"),
		Call("OR", tBool, Call("<=", tBool, hour, big(6)), Call(">=", tBool, hour, big(20))), s("nightTime"),
		s("otherTime")))
}

func BenchmarkQ21ChannelCase(b *testing.B) {
	lower := Call("LOWER", tStr, channel)
	benchEval(b, Call("CASE", tStr,
		Call("=", tBool, lower, s("apple")), s("0"), Call("=", tBool, lower, s("google")), s("1"),
		Call("=", tBool, lower, s("facebook")), s("2"), Call("=", tBool, lower, s("baidu")), s("3"),
		Call("REGEXP_EXTRACT", tStr, url, s("(&|^)channel_id=([^&]*)"), i(2))))
}

func BenchmarkRegexpExtract(b *testing.B) {
	benchEval(b, Call("REGEXP_EXTRACT", tStr, url, s("(&|^)channel_id=([^&]*)"), i(2)))
}

func BenchmarkQ22SplitIndex(b *testing.B) {
	benchEval(b, Call("SPLIT_INDEX", tStr, url, s("/"), i(3)), Call("SPLIT_INDEX", tStr, url, s("/"), i(4)), Call("SPLIT_INDEX", tStr, url, s("/"), i(5)))
}

func BenchmarkDateFormat(b *testing.B) {
	benchEval(b, Call("DATE_FORMAT", tStr, at, s("yyyy-MM-dd")))
}

func BenchmarkIntegerSum(b *testing.B) { benchEval(b, Call("+", tBig, auction, price)) }

func BenchmarkLike(b *testing.B) { benchFilter(b, Call("LIKE", tBool, url, s("%channel_id=999%"))) }

// The loops a person would write for one query, to compare with.

func BenchmarkReferenceSum(b *testing.B) {
	batch, _ := batchOf()
	out := make([]int64, batch.N)
	for b.Loop() {
		x, y := batch.Cols[0].I64, batch.Cols[1].I64
		for k := range out {
			out[k] = x[k] + y[k]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/data.BatchSize, "ns/row")
}

func BenchmarkReferenceModFilter(b *testing.B) {
	batch, _ := batchOf()
	sel := make([]int32, batch.N)
	for b.Loop() {
		n := 0
		for k, x := range batch.Cols[0].I64[:batch.N] {
			if x%123 == 0 {
				sel[n] = int32(k)
				n++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/data.BatchSize, "ns/row")
}

func BenchmarkReferenceRangeFilter(b *testing.B) {
	batch, _ := batchOf()
	sel := make([]int32, batch.N)
	for b.Loop() {
		n := 0
		for k, x := range batch.Cols[1].I64[:batch.N] {
			if x >= 10000000 && x < 38000000 {
				sel[n] = int32(k)
				n++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/data.BatchSize, "ns/row")
}
