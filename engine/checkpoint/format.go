package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-streams/weir/engine/data"
)

// A checkpoint is a folder with a file _metadata, which names the files that
// its state lies in. _metadata is: magic, format version, the length of the
// manifest, the length of the files that lie in it, the manifest as JSON, those
// files, and the CRC-32C of all that.
//
// State lies in layer files, which are never changed. One holds what one
// checkpoint wrote: blocks, then an index that says what lies in which block.
// The manifest has the checksum of the index, and the index that of each block.
// A checkpoint writes one layer file, into the folder shared beside those of the
// job's checkpoints, and refers to older ones for what did not change. What a
// savepoint refers to lies in its own folder. Small files lie in _metadata.

// FormatVersion is the newest format that is read, and the one of checkpoints.
// Savepoints have no packed rows, nor such that lie as in a log, and are of one that
// older engines read too.
const (
	FormatVersion    = 4
	savepointVersion = 2
)

const (
	magic       = "WEIRCKPT"
	headerSize  = len(magic) + 4 + 4 + 8
	inlineLimit = 32 << 10
	blockSize   = 512 << 10 // raw bytes of a block, about
	largestRaw  = 1 << 30   // of one block, which holds one row then
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is in the chain of every error that means that a checkpoint is not
// what was written: a file is missing, cut short or changed.
var ErrDamaged = errors.New("damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

type manifest struct {
	JobID          string             `json:"jobId"`
	JobName        string             `json:"jobName"`
	ID             int64              `json:"id"`
	Savepoint      bool               `json:"savepoint"`
	Created        int64              `json:"created"` // milliseconds since the epoch
	MaxParallelism int                `json:"maxParallelism"`
	Files          []fileRef          `json:"files"`
	Operators      []manifestOperator `json:"operators"`
}

// fileRef is a layer file.
type fileRef struct {
	// Name is empty when the file lies in _metadata, From there.
	Name string `json:"name,omitempty"`
	From int64  `json:"from,omitempty"`
	// Shared files lie in the folder shared beside that of the checkpoint, others in it.
	Shared bool   `json:"shared,omitempty"`
	Size   int64  `json:"size"`
	Index  int64  `json:"index"` // where the index begins; it goes to the end
	CRC    uint32 `json:"crc"`   // of the index
}

type manifestOperator struct {
	UID         string         `json:"uid"`
	Name        string         `json:"name"`
	Parallelism int            `json:"parallelism"`
	Parts       []manifestPart `json:"parts"`
}

type manifestPart struct {
	Subtask int             `json:"subtask"`
	Layers  []layerRef      `json:"layers,omitempty"` // of keyed state, oldest first
	Lists   *layerRef       `json:"lists,omitempty"`
	Items   int             `json:"items,omitempty"` // of the lists
	Keyed   []manifestKeyed `json:"keyed,omitempty"`
}

// manifestKeyed says what there is of a keyed state.
type manifestKeyed struct {
	Name   string        `json:"name"`
	Keys   int           `json:"keys"`
	Unique int           `json:"unique,omitempty"`
	Schema []data.Column `json:"schema"`
	// Rows counts those of all layers, less what was deleted. More than one layer
	// may have the same row, so it is exact for one layer only.
	Rows int64 `json:"rows"`
}

// layerRef is a section of a layer file.
type layerRef struct {
	File    int   `json:"file"`
	Section int   `json:"section"`
	Bytes   int64 `json:"bytes"`            // stored
	Logged  int64 `json:"logged,omitempty"` // of these: rows as they lie in logs
}

// block is a range of a layer file.
type block struct {
	Offset      int64
	Stored, Raw int
	CRC         uint32 // of the stored bytes
	Codec       codec
}

type codec uint8

const (
	stored codec = iota
	zstandard
	snappy2
)

// encodeMetadata makes the content of _metadata.
func encodeMetadata(m *manifest, inline []byte) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, headerSize+len(text)+len(inline)+4)
	b = append(b, magic...)
	version := uint32(FormatVersion)
	if m.Savepoint {
		version = savepointVersion
	}
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(inline)))
	b = append(b, text...)
	b = append(b, inline...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

// decodeMetadata checks and takes apart the content of _metadata.
func decodeMetadata(b []byte) (version int, text, inline []byte, err error) {
	if len(b) < headerSize || string(b[:len(magic)]) != magic {
		return 0, nil, nil, fmt.Errorf("%s is not one of weir's (%w, or written by Apache Flink)", MetadataFile, ErrDamaged)
	}
	v := binary.LittleEndian.Uint32(b[len(magic):])
	if v == 0 || v > FormatVersion {
		return 0, nil, nil, fmt.Errorf("format version %d is newer than this engine reads (%d), or %s is %w", v, FormatVersion, MetadataFile, ErrDamaged)
	}
	n := uint64(binary.LittleEndian.Uint32(b[len(magic)+4:]))
	in := binary.LittleEndian.Uint64(b[len(magic)+8:])
	if rest := uint64(len(b) - headerSize); in > rest || n+in+4 != rest {
		return 0, nil, nil, fmt.Errorf("%s is %w: %d bytes do not match its header", MetadataFile, ErrDamaged, len(b))
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return 0, nil, nil, fmt.Errorf("%s is %w: its checksum is wrong", MetadataFile, ErrDamaged)
	}
	return int(v), body[headerSize : headerSize+int(n)], body[headerSize+int(n):], nil
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

// packBlock compresses raw with a codec if that makes it smaller.
func packBlock(raw []byte, with codec) (packed []byte, k block) {
	packed = raw
	if len(raw) >= 64 && with != stored {
		var z []byte
		if with == zstandard {
			z = encoder().EncodeAll(raw, make([]byte, 0, len(raw)))
		} else {
			z = s2.Encode(nil, raw)
		}
		if len(z) < len(raw) {
			packed, k.Codec = z, with
		}
	}
	k.Stored, k.Raw, k.CRC = len(packed), len(raw), crc32.Checksum(packed, castagnoli)
	return packed, k
}

// unpackBlock checks what was stored and gives the raw bytes, in into if it has room.
func unpackBlock(packed []byte, k block, into []byte) (raw []byte, err error) {
	if crc32.Checksum(packed, castagnoli) != k.CRC {
		return nil, damaged("the checksum of the block at %d is wrong", k.Offset)
	}
	switch k.Codec {
	case stored:
		raw = packed
	case zstandard:
		if cap(into) < k.Raw {
			into = make([]byte, 0, k.Raw)
		}
		raw, err = decoder().DecodeAll(packed, into[:0])
	case snappy2:
		if n, derr := s2.DecodedLen(packed); derr != nil || n != k.Raw {
			return nil, damaged("block at %d: %d bytes instead of %d", k.Offset, n, k.Raw)
		}
		if cap(into) < k.Raw {
			into = make([]byte, k.Raw)
		}
		raw, err = s2.Decode(into[:k.Raw], packed)
	default:
		return nil, damaged("block at %d: unknown compression %d", k.Offset, k.Codec)
	}
	if err != nil {
		return nil, damaged("block at %d: %v", k.Offset, err)
	}
	if len(raw) != k.Raw {
		return nil, damaged("block at %d: %d bytes instead of %d", k.Offset, len(raw), k.Raw)
	}
	return raw, nil
}
