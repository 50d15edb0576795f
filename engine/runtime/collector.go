package runtime

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The Go heap of a job is small, as state lies beside it, and a heap that may only
// double is collected many times a second: each time what pools keep is lost, and
// every pointer written meanwhile is paid for. While jobs run, that much may be
// allocated between two collections at least.
const garbageFloor = 64 << 20

// collector paces the garbage collector of this process, unless GOGC says how.
var collector pace

type pace struct {
	mu     sync.Mutex
	shares []int64 // what each job that runs lets be allocated, in bytes
	usual  int     // percent before the first job began
	now    int     // percent in force
	turns  int     // counts the times that jobs began after there were none
}

// begin is for the start of a job that may use so many bytes of state (0: any);
// end is for its end.
func (p *pace) begin(memory int64) (end func()) {
	share := int64(garbageFloor)
	if memory > 0 {
		share = min(share, memory/16)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shares = append(p.shares, share)
	if len(p.shares) == 1 {
		p.usual = percent()
		p.now = p.usual
		p.turns++
		if p.usual == 100 {
			p.watch(p.turns)
		}
	}
	p.adjust()
	return sync.OnceFunc(func() { p.end(share) })
}

func (p *pace) end(share int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.shares {
		if s == share {
			p.shares = append(p.shares[:i], p.shares[i+1:]...)
			break
		}
	}
	p.adjust()
}

// watch has the pace adjusted after every collection, while jobs run.
func (p *pace) watch(turn int) {
	mark := new([16]byte) // garbage at once
	runtime.AddCleanup(mark, func(turn int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if turn == p.turns && len(p.shares) > 0 {
			p.adjust()
			p.watch(turn)
		}
	}, turn)
}

// adjust sets the percentage by what is alive. Setting it stops all for a moment,
// so little differences are let be.
func (p *pace) adjust() {
	if p.usual != 100 {
		return
	}
	var floor int64
	for _, s := range p.shares {
		floor = min(floor+s, garbageFloor)
	}
	want := paced(alive(), floor)
	if d := want - p.now; d != 0 && (want == 100 || d > p.now/5 || -d > p.now/5) {
		debug.SetGCPercent(want)
		p.now = want
	}
}

// paced is the percentage by which the heap may grow before it is collected.
func paced(alive, floor int64) int {
	return int(max(100, 100*floor/max(alive, 1<<20)))
}

// alive is how much the last collection found in use, in bytes.
func alive() int64 { return read("/gc/heap/live:bytes") }

func percent() int { return int(read("/gc/gogc:percent")) }

func read(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}
