package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// A checkpoint is a folder with a file _metadata and, if it is larger than
// inlineLimit, a file state. _metadata is: magic, format version, the length
// of the manifest, the length of the data that lies in it, the manifest as
// JSON, the data, and the CRC-32C of all that. The data, wherever it lies, is
// blocks, each with its own checksum in the manifest.

// FormatVersion is the newest format that is read, and the one written.
const FormatVersion = 1

const (
	magic       = "WEIRCKPT"
	headerSize  = len(magic) + 4 + 4 + 8
	inlineLimit = 32 << 10
	blockSize   = 256 << 10 // raw bytes of a block, about
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type manifest struct {
	JobID          string             `json:"jobId"`
	JobName        string             `json:"jobName"`
	ID             int64              `json:"id"`
	Savepoint      bool               `json:"savepoint"`
	Created        int64              `json:"created"` // milliseconds since the epoch
	MaxParallelism int                `json:"maxParallelism"`
	Bytes          int64              `json:"bytes"`  // length of all blocks
	Inline         bool               `json:"inline"` // they lie in _metadata
	Operators      []manifestOperator `json:"operators"`
}

type manifestOperator struct {
	UID         string         `json:"uid"`
	Name        string         `json:"name"`
	Parallelism int            `json:"parallelism"`
	Parts       []manifestPart `json:"parts"`
}

type manifestPart struct {
	Subtask int             `json:"subtask"`
	Keyed   []manifestKeyed `json:"keyed,omitempty"`
	Lists   []manifestList  `json:"lists,omitempty"`
	Blocks  []block         `json:"blocks,omitempty"`
}

type manifestKeyed struct {
	Name   string        `json:"name"`
	Keys   int           `json:"keys"`
	Schema []data.Column `json:"schema"`
	Rows   int64         `json:"rows"`
	Pieces []piece       `json:"pieces"` // of one group: in order
}

type manifestList struct {
	Name   string         `json:"name"`
	Mode   state.ListMode `json:"mode"`
	Items  int            `json:"items"`
	Pieces []piece        `json:"pieces"` // items, each preceded by its length as a uvarint
}

// piece is a range of the raw bytes of a block.
type piece struct {
	Group, Block, Offset, Length int
}

// block is a range of the data.
type block struct {
	Offset      int64
	Stored, Raw int
	CRC         uint32 // of the stored bytes
	Compressed  bool
}

// Pieces and blocks are many: they are written as arrays.

func (p piece) MarshalJSON() ([]byte, error) {
	return json.Marshal([4]int{p.Group, p.Block, p.Offset, p.Length})
}

func (p *piece) UnmarshalJSON(b []byte) error {
	var a [4]int
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	*p = piece{a[0], a[1], a[2], a[3]}
	return nil
}

func (k block) MarshalJSON() ([]byte, error) {
	c := int64(0)
	if k.Compressed {
		c = 1
	}
	return json.Marshal([5]int64{k.Offset, int64(k.Stored), int64(k.Raw), int64(k.CRC), c})
}

func (k *block) UnmarshalJSON(b []byte) error {
	var a [5]int64
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	*k = block{a[0], int(a[1]), int(a[2]), uint32(a[3]), a[4] == 1}
	return nil
}

// encodeMetadata makes the content of _metadata.
func encodeMetadata(m *manifest, inline []byte) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, headerSize+len(text)+len(inline)+4)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, FormatVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(inline)))
	b = append(b, text...)
	b = append(b, inline...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

// decodeMetadata checks and reads the content of _metadata.
func decodeMetadata(b []byte) (m *manifest, inline []byte, err error) {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return nil, nil, fmt.Errorf("%s is not one of weir's (damaged, or written by Apache Flink)", MetadataFile)
	}
	version := binary.LittleEndian.Uint32(b[len(magic):])
	if version > FormatVersion {
		return nil, nil, fmt.Errorf("format version %d is newer than this engine reads (%d), or %s is damaged", version, FormatVersion, MetadataFile)
	}
	text := uint64(binary.LittleEndian.Uint32(b[len(magic)+4:]))
	in := binary.LittleEndian.Uint64(b[len(magic)+8:])
	if rest := uint64(len(b) - headerSize); in > rest || text+in+4 != rest {
		return nil, nil, fmt.Errorf("%s is damaged: %d bytes do not match its header", MetadataFile, len(b))
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, nil, fmt.Errorf("%s is damaged: its checksum is wrong", MetadataFile)
	}
	m = &manifest{}
	if err := json.Unmarshal(body[headerSize:headerSize+int(text)], m); err != nil {
		return nil, nil, fmt.Errorf("%s is damaged: %w", MetadataFile, err)
	}
	return m, body[headerSize+int(text):], nil
}

var encoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(maxWriters), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constant
	}
	return e
})

var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0))
	if err != nil {
		panic(err)
	}
	return d
})

// packBlock compresses raw if that makes it smaller.
func packBlock(raw []byte) (stored []byte, k block) {
	stored = raw
	if len(raw) >= 64 {
		if z := encoder().EncodeAll(raw, make([]byte, 0, len(raw))); len(z) < len(raw) {
			stored, k.Compressed = z, true
		}
	}
	k.Stored, k.Raw, k.CRC = len(stored), len(raw), crc32.Checksum(stored, castagnoli)
	return stored, k
}

// unpackBlock checks stored and gives the raw bytes.
func unpackBlock(stored []byte, k block) ([]byte, error) {
	if crc32.Checksum(stored, castagnoli) != k.CRC {
		return nil, fmt.Errorf("block at %d is damaged: its checksum is wrong", k.Offset)
	}
	if !k.Compressed {
		return stored, nil
	}
	raw, err := decoder().DecodeAll(stored, make([]byte, 0, k.Raw))
	if err != nil {
		return nil, fmt.Errorf("block at %d is damaged: %w", k.Offset, err)
	}
	if len(raw) != k.Raw {
		return nil, fmt.Errorf("block at %d is damaged: %d bytes instead of %d", k.Offset, len(raw), k.Raw)
	}
	return raw, nil
}
