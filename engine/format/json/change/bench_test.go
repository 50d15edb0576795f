package change_test

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/format/json/canal"
	"github.com/weir-streams/weir/engine/format/json/debezium"
)

func BenchmarkRead(b *testing.B) {
	for _, tt := range []struct {
		format *format.Format
		text   string
	}{
		{debezium.Format, `{"before":{"id":101,"v":"a name that is long","n":1.5},"after":{"id":101,"v":"another name that is long","n":2.5},"source":{"db":"shop","table":"users","ts_ms":1711972800000},"op":"u","ts_ms":1711972800500}` + "\n"},
		{canal.Format, `{"data":[{"id":"101","v":"another name that is long","n":"2.5"}],"old":[{"v":"a name that is long"}],"type":"UPDATE","database":"shop","table":"users","es":1711972830000,"isDdl":false}` + "\n"},
	} {
		b.Run(tt.format.Name, func(b *testing.B) {
			paths, types := formattest.All(columns)
			d, err := tt.format.Decoder(format.DecoderSpec{Columns: columns, Output: paths, Types: types, Options: formattest.Options(b, tt.format)})
			if err != nil {
				b.Fatal(err)
			}
			buf := data.WrapBuffer([]byte(strings.Repeat(tt.text, 1000)))
			b.SetBytes(int64(len(buf.B)))
			b.ReportAllocs()
			for b.Loop() {
				out := data.MakeBatch(types, 0)
				if n, err := d.Decode(buf.B, buf, true, out); err != nil || n != len(buf.B) || out.N != 2000 {
					b.Fatal(n, out.N, err)
				}
				out.Release()
			}
		})
	}
}
