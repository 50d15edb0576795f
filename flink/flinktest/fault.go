package flinktest

import (
	"math/rand/v2"
	"sync"
)

// Fault is something that goes wrong.
type Fault string

// Faults. Which of them make sense depends on the point where they strike;
// elsewhere they do nothing.
const (
	None Fault = ""

	// At a request.
	LoseRequest Fault = "lose request" // it never arrives, the connection is lost
	LoseReply   Fault = "lose reply"   // it is done, but the answer is lost
	Delay       Fault = "delay"        // the connection is lost; a change is done at the next Advance

	// When a savepoint or stop is about to be written.
	FailBeforeFiles Fault = "fail before files" // nothing is written; the job goes on
	FailAfterFiles  Fault = "fail after files"  // written, but reported as failed; a stopped job restarts and goes on

	// At a request and while time passes.
	FailJob    Fault = "fail job"    // the job ends FAILED
	RestartJob Fault = "restart job" // a task fails, the job recovers from its newest checkpoint
	Failover   Fault = "failover"    // the JobManager process dies and comes back
	Vanish     Fault = "vanish"      // the cluster is gone and answers nothing any more
)

// Moment is a kind of point where a fault can strike.
type Moment string

// Moments.
const (
	AtRequest   Moment = "request"
	AtSavepoint Moment = "savepoint"
	AtAdvance   Moment = "advance"
)

// Point is a place in a history where something may go wrong.
type Point struct {
	Moment Moment
	JobID  string // of the cluster's job
	Method string // of a request
	Path   string // of a request, without /v1
	Stop   bool   // a savepoint that ends the job
}

// Chooser decides what goes wrong at a point. It is asked under the lock of
// the JobManager and must not call it.
type Chooser func(Point) Fault

// Rates are the probabilities of faults, each between 0 and 1.
type Rates struct {
	LoseRequest, LoseReply, Delay   float64 // of each request
	FailBeforeFiles, FailAfterFiles float64 // of each savepoint or stop
	// Of each Advance.
	FailJob, RestartJob, Failover, Vanish float64
}

// Seeded chooses by dice, so one seed is one history as long as one goroutine
// makes the calls.
func Seeded(dice *rand.Rand, rates Rates) Chooser {
	var mu sync.Mutex
	type chance struct {
		fault Fault
		rate  float64
	}
	return func(p Point) Fault {
		var chances []chance
		switch p.Moment {
		case AtRequest:
			chances = []chance{{LoseRequest, rates.LoseRequest}, {LoseReply, rates.LoseReply}, {Delay, rates.Delay}}
		case AtSavepoint:
			chances = []chance{{FailBeforeFiles, rates.FailBeforeFiles}, {FailAfterFiles, rates.FailAfterFiles}}
		case AtAdvance:
			chances = []chance{{FailJob, rates.FailJob}, {RestartJob, rates.RestartJob}, {Failover, rates.Failover}, {Vanish, rates.Vanish}}
		}
		mu.Lock()
		defer mu.Unlock()
		at := dice.Float64()
		for _, c := range chances {
			if at -= c.rate; at < 0 {
				return c.fault
			}
		}
		return None
	}
}

// Scripted is one fault of a script.
type Scripted struct {
	Fault Fault
	// When says where; nil is the next point of any moment.
	When func(Point) bool
}

// Script lets faults strike in order: each waits for the first point that it
// fits, and strikes once.
func Script(faults ...Scripted) Chooser {
	var mu sync.Mutex
	return func(p Point) Fault {
		mu.Lock()
		defer mu.Unlock()
		if len(faults) == 0 || faults[0].When != nil && !faults[0].When(p) {
			return None
		}
		f := faults[0].Fault
		faults = faults[1:]
		return f
	}
}

// Request makes a When of a script: the next request of this method. Empty fits all.
func Request(method string) func(Point) bool {
	return func(p Point) bool { return p.Moment == AtRequest && (method == "" || p.Method == method) }
}

// Savepoint is a When of a script: the next savepoint or stop to be written.
func Savepoint(p Point) bool { return p.Moment == AtSavepoint }
