package operator

import "github.com/weir-streams/weir/engine/state"

// entryCost is what a row on the heap takes besides its bytes.
const entryCost = 64

// Held counts rows kept on the heap against the job's memory.
type Held struct {
	Budget *state.Budget
	bytes  int64
}

// Take counts a row of n bytes in, or says that there is no room for it.
func (h *Held) Take(n int) error {
	if err := h.Budget.Take(int64(n) + entryCost); err != nil {
		return err
	}
	h.bytes += int64(n) + entryCost
	return nil
}

// Give counts a row of n bytes out.
func (h *Held) Give(n int) {
	h.bytes -= int64(n) + entryCost
	h.Budget.Give(int64(n) + entryCost)
}

// Bytes is what is counted in.
func (h *Held) Bytes() int64 { return h.bytes }

// Free counts everything out.
func (h *Held) Free() {
	h.Budget.Give(h.bytes)
	h.bytes = 0
}
