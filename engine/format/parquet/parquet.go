// Package parquet is the parquet format: files of columns, read and written
// page by page.
//
// The rule: values go between pages and columns; no row of a file is ever built.
package parquet

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the parquet format.
var Format = &format.Format{
	Name: "parquet",
	Doc:  "Apache Parquet files. Columns are those of that name; those a file does not have are NULL, and only those a query needs are read.",
	Options: []option.Option{
		{Key: "compression", Type: option.Enum, Enum: []string{"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"}, Default: "SNAPPY", Doc: "Compression of the files written. Files of any of these, of LZ4_RAW and of BROTLI can be read."},
		{Key: "utc-timezone", Type: option.Bool, Default: "true", Doc: "Accepted as in Flink: timestamps of the old form INT96 are always taken as UTC."},
		{Key: "write.int64.timestamp", Type: option.Bool, Default: "true", Doc: "Accepted as in Flink: timestamps are always written as numbers of 64 bits, never as INT96."},
		{Key: "timestamp.time.unit", Type: option.Enum, Enum: []string{"millis", "micros", "nanos"}, Default: "micros", Doc: "What the timestamps written count."},
		{Key: "row-group-size", Type: option.Bytes, Default: "32 mb", Doc: "Size of a row group before compression; one is kept in memory for each open file. An option of weir's own."},
	},
	OpenFile:   openFile,
	CreateFile: createFile,
}

// supported says why values of a type cannot be read or written.
func supported(name string, t data.Type) error {
	switch t.Kind {
	case data.Null, data.Variant, data.Raw, data.Bitmap32, data.IntervalYearMonth, data.IntervalDayTime, data.Multiset:
		return fmt.Errorf("unsupported type '%s' for field '%s' in format parquet", t.WithNull(true), name)
	}
	for _, a := range t.Args {
		if err := supported(name, a); err != nil {
			return err
		}
	}
	if t.Kind == data.Row && len(t.Args) == 0 {
		return errors.New("an empty ROW cannot be a column of format parquet")
	}
	return nil
}
