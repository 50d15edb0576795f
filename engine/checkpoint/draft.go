package checkpoint

import "sync"

// draft is a checkpoint being written.
type draft interface {
	// add writes the state of one operator subtask; many may at once.
	add(p Part) error
	// finish makes all of it durable, then visible.
	finish() (s State, bytes int64, err error)
	// discard gives it up: it never becomes visible after that. It may be called
	// while others write.
	discard()
}

// draft begins a checkpoint in memory or in its folder.
func (h *History) draft(r Request, id int64, memory bool) (draft, error) {
	switch {
	case r.Savepoint:
		d, err := h.savepointDraft(r, id)
		if err != nil {
			return nil, err
		}
		return d, nil
	case memory || h.cfg.Dir == "":
		return &memoryDraft{m: newMemory(id, h.maxParallelism)}, nil
	}
	return h.folderDraft(id), nil
}

type memoryDraft struct {
	mu sync.Mutex
	m  *memory
}

func (d *memoryDraft) add(p Part) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m.add(p)
	return nil
}

func (d *memoryDraft) finish() (State, int64, error) {
	d.m.seal()
	return d.m, d.m.bytes, nil
}

func (d *memoryDraft) discard() {}
