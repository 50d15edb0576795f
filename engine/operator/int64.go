package operator

import (
	"encoding/binary"
	"fmt"
)

// Int64Item is a number as an item of list state.
func Int64Item(x int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(x)) }

// Int64Of reads an Int64Item.
func Int64Of(item []byte) (int64, error) {
	if len(item) != 8 {
		return 0, fmt.Errorf("state item of %d bytes where 8 are due", len(item))
	}
	return int64(binary.LittleEndian.Uint64(item)), nil
}
