package kafka

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weir-streams/weir/engine/connector"
)

const (
	endWait  = time.Minute // for a broker to end a transaction
	endPause = 50 * time.Millisecond
)

// transactions writes exactly once: what comes between two checkpoints is one
// transaction with a name of its own. Prepare makes sure that the brokers have
// all of it; Commit ends it, by its name, number and epoch alone, so that any
// process can. An open transaction whose name no completed checkpoint knows is
// what a crash left.
type transactions struct {
	log      *slog.Logger
	running  context.Context // ends when the task is to stop
	props    properties
	opts     []kgo.Opt
	prefix   string // of all names
	run      string // of the names of this attempt, by all subtasks
	own      string // of this sink's, which begins with run
	lostIsOK bool

	client *kgo.Client // for ending; produces nothing
	admin  *kadm.Client
	sweep  bool // what a crash left is still to be ended

	number   int
	open     *producer // of the transaction being written, nil: none
	name     string
	begun    bool
	prepared map[string]*producer
}

// committable is a prepared transaction.
type committable struct {
	Transaction string `json:"transaction"`
	ProducerID  int64  `json:"producerId"`
	Epoch       int16  `json:"epoch"`
}

// runs gives the subtasks of one attempt in this process a word in common that
// no other attempt has.
var runs = struct {
	sync.Mutex
	words map[string]string
	order []string
}{words: map[string]string{}}

func runWord(jobID string, attempt int) (string, error) {
	key := fmt.Sprintf("%s/%d", jobID, attempt)
	runs.Lock()
	defer runs.Unlock()
	if w, ok := runs.words[key]; ok {
		return w, nil
	}
	word, err := randomWord()
	if err != nil {
		return "", err
	}
	const kept = 256
	if runs.order = append(runs.order, key); len(runs.order) > kept {
		delete(runs.words, runs.order[0])
		runs.order = runs.order[1:]
	}
	runs.words[key] = word
	return word, nil
}

func randomWord() (string, error) {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a name: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func newTransactions(s connector.SinkSpec, p properties, opts []kgo.Opt) (*transactions, error) {
	run, err := runWord(s.JobID, s.Attempt)
	if err != nil {
		return nil, err
	}
	t := &transactions{
		log: s.Log, running: s.Context(), props: p, opts: opts, sweep: s.Subtask == 0, prepared: map[string]*producer{},
		prefix:   s.Options.String("sink.transactional-id-prefix") + "-",
		lostIsOK: s.Options.String("sink.lost-transaction") == "ignore",
	}
	t.run = t.prefix + run + "-"
	word, err := randomWord() // one job may write to a topic from several places
	if err != nil {
		return nil, err
	}
	t.own = fmt.Sprintf("%s%d-%s-", t.run, s.Subtask, word)
	if t.client, err = kgo.NewClient(p.all...); err != nil {
		return nil, err
	}
	t.admin = kadm.NewClient(t.client)
	return t, nil
}

// begin opens a transaction if none is open.
func (t *transactions) begin() error {
	if t.begun {
		return nil
	}
	if t.sweep {
		if err := t.endLeftovers(); err != nil {
			return err
		}
		t.sweep = false
	}
	t.number++
	t.name = t.own + strconv.Itoa(t.number)
	p, err := newProducer(t.running, append(t.opts[:len(t.opts):len(t.opts)], kgo.TransactionalID(t.name), kgo.TransactionTimeout(t.props.transactionTTL)))
	if err != nil {
		return err
	}
	if err := p.client.BeginTransaction(); err != nil {
		p.client.Close()
		return fmt.Errorf("begin transaction %s: %w", t.name, err)
	}
	t.open, t.begun = p, true
	return nil
}

func (t *transactions) send(records []kgo.Record) error {
	if err := t.begin(); err != nil {
		return err
	}
	if err := t.open.send(records); err != nil {
		return t.explain(err)
	}
	return nil
}

func (t *transactions) explain(err error) error {
	if errors.Is(err, kerr.InvalidTransactionTimeout) {
		return fmt.Errorf("the broker does not allow transactions to be open for %s: set 'properties.transaction.timeout.ms' to at most its transaction.max.timeout.ms: %w", t.props.transactionTTL, err)
	}
	return err
}

// Prepare hands the transaction over to its checkpoint.
func (t *transactions) Prepare(int64) ([][]byte, error) {
	if t.sweep { // nothing written yet, but others wait for what a crash left
		if err := t.endLeftovers(); err != nil {
			return nil, err
		}
		t.sweep = false
	}
	if !t.begun {
		return nil, nil
	}
	if err := t.open.flush(); err != nil {
		return nil, t.explain(err)
	}
	ctx, cancel := context.WithTimeout(t.running, endWait)
	defer cancel()
	id, epoch, err := t.open.client.ProducerID(ctx)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", t.name, t.explain(err))
	}
	item, err := json.Marshal(committable{Transaction: t.name, ProducerID: id, Epoch: epoch})
	if err != nil {
		return nil, err
	}
	t.prepared[t.name] = t.open
	t.open, t.begun = nil, false
	return [][]byte{item}, nil
}

// Commit ends prepared transactions; one that is committed already stays so.
func (t *transactions) Commit(committables [][]byte) error {
	for _, item := range committables {
		var c committable
		if err := json.Unmarshal(item, &c); err != nil {
			return fmt.Errorf("read a prepared transaction: %w", err)
		}
		if err := t.end(c, true); err != nil {
			return err
		}
		if p := t.prepared[c.Transaction]; p != nil {
			p.client.Close()
			delete(t.prepared, c.Transaction)
		}
	}
	return nil
}

func (t *transactions) end(c committable, commit bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), endWait)
	defer cancel()
	for {
		r := kmsg.NewPtrEndTxnRequest()
		r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = c.Transaction, c.ProducerID, c.Epoch, commit
		response, err := r.RequestWith(ctx, t.client)
		if err == nil {
			err = kerr.ErrorForCode(response.ErrorCode)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, kerr.InvalidProducerIDMapping):
			// The broker forgets names a week after their transaction has ended.
			if t.log != nil {
				t.log.Warn("a transaction of the restored state is so old that the broker does not know it any more; it is taken for committed", "transaction", c.Transaction)
			}
			return nil
		case errors.Is(err, kerr.InvalidTxnState), errors.Is(err, kerr.InvalidProducerEpoch), errors.Is(err, kerr.ProducerFenced), errors.Is(err, kerr.TransactionalIDNotFound):
			if t.lostIsOK {
				if t.log != nil {
					t.log.Error("a transaction of a completed checkpoint was aborted by the broker: its rows are lost", "transaction", c.Transaction, "error", err)
				}
				return nil
			}
			return fmt.Errorf("transaction %s of a completed checkpoint was aborted by the broker before it could be committed (it may stay open for %s: 'properties.transaction.timeout.ms'); its rows are lost. "+
				"Start again from an earlier savepoint, or set 'sink.lost-transaction' to 'ignore' to go on without them: %w", c.Transaction, t.props.transactionTTL, err)
		case errors.Is(err, kerr.ConcurrentTransactions), kerr.IsRetriable(err), ctx.Err() == nil && !isKafka(err):
			select {
			case <-ctx.Done():
				return fmt.Errorf("end transaction %s: no answer within %s: %w", c.Transaction, endWait, err)
			case <-time.After(endPause):
			}
		default:
			return fmt.Errorf("end transaction %s: %w", c.Transaction, err)
		}
	}
}

func isKafka(err error) bool {
	var k *kerr.Error
	return errors.As(err, &k)
}

// endLeftovers aborts the open transactions of earlier attempts. All restored
// ones have been committed by now; what is open is not of a completed checkpoint.
func (t *transactions) endLeftovers() error {
	ctx, cancel := context.WithTimeout(context.Background(), endWait)
	defer cancel()
	open, err := t.admin.ListTransactions(ctx, nil, []string{"Ongoing"})
	if err != nil {
		if t.log != nil {
			t.log.Warn("open transactions of an earlier run cannot be listed; readers of committed records wait until they time out", "prefix", t.prefix, "error", err)
		}
		return nil
	}
	for _, x := range open.Sorted() {
		if x.State != "Ongoing" || !strings.HasPrefix(x.TxnID, t.prefix) || strings.HasPrefix(x.TxnID, t.run) {
			continue
		}
		r := kmsg.NewPtrInitProducerIDRequest() // which ends it, and shuts its writer out
		name := x.TxnID
		r.TransactionalID, r.TransactionTimeoutMillis = &name, int32(t.props.transactionTTL.Milliseconds())
		for {
			response, err := r.RequestWith(ctx, t.client)
			if err == nil {
				err = kerr.ErrorForCode(response.ErrorCode)
			}
			if err == nil {
				break
			}
			if !errors.Is(err, kerr.ConcurrentTransactions) && !kerr.IsRetriable(err) {
				return fmt.Errorf("abort transaction %s, which an earlier run left open: %w", name, err)
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("abort transaction %s, which an earlier run left open: %w", name, err)
			case <-time.After(endPause):
			}
		}
		if t.log != nil {
			t.log.Info("aborted a transaction that an earlier run left open", "transaction", name)
		}
	}
	return nil
}

// Abort ends the transaction being written; prepared ones stay.
func (t *transactions) Abort() error {
	if !t.begun {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	p := t.open
	t.open, t.begun = nil, false
	defer p.client.Close()
	if err := p.client.AbortBufferedRecords(ctx); err != nil {
		return fmt.Errorf("abort transaction %s: %w", t.name, err)
	}
	if err := p.client.EndTransaction(ctx, kgo.TryAbort); err != nil && t.log != nil {
		t.log.Warn("a transaction could not be aborted; the next start does that", "transaction", t.name, "error", err)
	}
	return nil
}

func (t *transactions) Close() error {
	for _, p := range t.prepared {
		p.client.Close()
	}
	if t.open != nil {
		t.open.client.Close()
	}
	t.client.Close()
	return nil
}
