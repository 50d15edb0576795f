package json

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
)

var bid = []data.Column{
	{Name: "auction", Type: data.Of(data.BigInt)},
	{Name: "bidder", Type: data.Of(data.BigInt)},
	{Name: "price", Type: data.Of(data.BigInt)},
	{Name: "channel", Type: data.String()},
	{Name: "url", Type: data.String()},
	{Name: "dateTime", Type: typ(data.Timestamp, 3, 0)},
	{Name: "extra", Type: data.String()},
}

func bids(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/gfl/kum_/f_fp/item.htm?query=1&channel_id=%d","dateTime":"2024-02-28 23:59:10.%03d","extra":"UQWNY^RXRPQqmkzebaRJHRHW_PUHaSQVITlxlwzcaKXIVUZK_aUJZTYLXNSPKYWKWKWK"}`+"\n",
			1000+i, 2000+i%77, i*7919%100000000, i%10000, i*104729, i%1000)
	}
	return b.Bytes()
}

func benchDecode(b *testing.B, paths [][]int) {
	text := bids(2000)
	var types []data.Type
	for _, p := range paths {
		types = append(types, bid[p[0]].Type)
	}
	d, err := Format.Decoder(format.DecoderSpec{Columns: bid, Output: paths, Types: types, Options: formattest.Options(b, Format)})
	if err != nil {
		b.Fatal(err)
	}
	buf := data.WrapBuffer(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		x := data.MakeBatch(types, 0)
		if n, err := d.Decode(text, buf, true, x); err != nil || n != len(text) {
			b.Fatal(n, err)
		}
		x.Release()
	}
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkDecode(b *testing.B) {
	paths, _ := formattest.All(bid)
	benchDecode(b, paths)
}

func BenchmarkDecodeTwoColumns(b *testing.B) { benchDecode(b, [][]int{{0}, {2}}) }

func BenchmarkDecodeStandardLibrary(b *testing.B) {
	text := bids(2000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for line := range bytes.Lines(text) {
			var row struct {
				Auction, Bidder, Price        int64
				Channel, URL, DateTime, Extra string
			}
			if err := stdjson.Unmarshal(line, &row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkEncode(b *testing.B) {
	text := bids(2000)
	paths, types := formattest.All(bid)
	o := formattest.Options(b, Format)
	d, err := Format.Decoder(format.DecoderSpec{Columns: bid, Output: paths, Types: types, Options: o})
	if err != nil {
		b.Fatal(err)
	}
	x := data.MakeBatch(types, 0)
	if _, err := d.Decode(text, data.WrapBuffer(text), true, x); err != nil {
		b.Fatal(err)
	}
	e, err := Format.Encoder(format.EncoderSpec{Columns: bid, Options: o})
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	for b.Loop() {
		out = out[:0]
		for r := range x.N {
			if out, err = e.Encode(out, x, r); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.SetBytes(int64(len(out)))
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
