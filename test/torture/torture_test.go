package torture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"syscall"
	"testing"
)

var (
	schedules = flag.Int("torture", 20, "schedules of faults")
	firstSeed = flag.Uint64("torture-seed", 1, "of the first schedule")
)

const variable = "WEIR_TORTURE_LIFE"

func TestMain(m *testing.M) {
	if text := os.Getenv(variable); text != "" {
		live(text)
	}
	os.Exit(m.Run())
}

const (
	rows     = 8000
	maxLives = 40
)

// TestTorture runs schedules of faults.
func TestTorture(t *testing.T) {
	names := slices.Sorted(maps.Keys(queries))
	calm := map[string]map[string]int{}
	counts := map[string]int{}
	for i := range *schedules {
		seed := *firstSeed + uint64(i)
		random := rand.New(rand.NewPCG(seed, 1))
		q := names[int(seed)%len(names)]
		if calm[q] == nil {
			calm[q] = undisturbed(t, q)
		}
		t.Run(fmt.Sprintf("seed %d, %s", seed, q), func(t *testing.T) {
			s := &schedule{t: t, dir: t.TempDir(), query: q, seed: seed, random: random, counts: counts}
			s.run()
			s.compare(calm[q])
		})
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-34s %d", k, counts[k])
	}
}

func undisturbed(t *testing.T, q string) map[string]int {
	s := &schedule{t: t, dir: t.TempDir(), query: q, random: rand.New(rand.NewPCG(0, 1)), counts: map[string]int{}}
	if r, err := s.life(life{Parallelism: 2}); err != nil || r.State != "FINISHED" {
		t.Fatalf("undisturbed run of %s: %v, %+v", q, err, r)
	}
	all := s.result()
	if len(all) < 20 {
		t.Fatalf("undisturbed run of %s: %d rows", q, len(all))
	}
	return all
}

// schedule is one job with all its lives.
type schedule struct {
	t      *testing.T
	dir    string
	query  string
	seed   uint64
	random *rand.Rand
	counts map[string]int
	// again tells that state older than the last output was gone back to: rows
	// may be there twice, and that was told.
	again bool
	// flipped tells that a byte of the checkpoint to start from is another: the next
	// life must say so.
	flipped bool
}

func (s *schedule) run() {
	faults := []Fault{Kill, Kill, KillCommit, Panic, PanicSink, Refuse, Slow}
	if !queries[s.query].changes { // a changelog that is written twice in part is another
		faults = append(faults, Rot)
	}
	restore := ""
	for n := range maxLives {
		l := life{Restore: restore, Parallelism: 1 + s.random.IntN(3), Seed: s.random.Uint64()}
		if n < 4 {
			l.Fault, l.At = faults[s.random.IntN(len(faults))], 10+s.random.Int64N(200)
		}
		s.counts["life: "+string(l.Fault)]++
		r, err := s.life(l)
		s.t.Logf("life %d: %q after %d polls, %d tasks, from %q: %s, %d restarts, %v", n, l.Fault, l.At, l.Parallelism, filepath.Base(restore), r.State, r.Restarts, err)
		for _, f := range r.Failures {
			line, _, _ := strings.Cut(f, "\n")
			s.t.Logf("    %s", line)
		}
		told := strings.Join(append(r.Failures, fmt.Sprint(err)), "\n")
		if strings.Contains(told, "is damaged") {
			s.counts["damage told"]++
			s.again = true
		} else if s.flipped && !strings.Contains(told, "torture: ") && !killed(err) {
			s.t.Errorf("life %d read the checkpoint %s, of which a byte is another, and did not say so: %s", n, restore, told)
		}
		s.flipped = false
		switch {
		case err == nil && r.State == "FINISHED":
			if strings.Contains(told, "is damaged") {
				s.counts["the job itself took an older checkpoint"]++
			}
			return
		case err == nil && strings.Contains(told, "damaged"): // it could not go back by itself
			s.again = true
			restore = s.older(restore)
			continue
		case err == nil:
			s.t.Fatalf("life %d of %+v ended %s: %s", n, l, r.State, told)
		case !killed(err):
			s.t.Fatalf("life %d of %+v: %v", n, l, err)
		}
		restore = newest(s.dir)
		s.afterKill(restore)
	}
	s.t.Fatalf("the job did not end in %d lives", maxLives)
}

// older is the checkpoint before one that turned out to be damaged; empty: none.
func (s *schedule) older(than string) string {
	all := completed(s.dir)
	at := slices.Index(all, than)
	if at < 0 {
		at = len(all)
	}
	if at == 0 {
		// Nothing is left: from the beginning. The output is written again.
		return ""
	}
	s.counts["went back to an older checkpoint"]++
	return all[at-1]
}

// afterKill damages what lies on the disk of a process that was killed: the end
// of a file that nobody had finished, or a byte of the newest checkpoint.
func (s *schedule) afterKill(restore string) {
	switch s.random.IntN(4) {
	case 0:
		s.tear(restore)
	case 1:
		if queries[s.query].changes || restore == "" {
			return
		}
		if _, err := rot(s.dir, s.random); err != nil {
			s.t.Fatal(err)
		}
		s.counts["a byte flipped after a kill"]++
		s.flipped = true
	}
}

// tear cuts the file that was written last, if no checkpoint was completed after it.
func (s *schedule) tear(restore string) {
	var done int64
	if info, err := os.Stat(filepath.Join(restore, "_metadata")); restore != "" && err == nil {
		done = info.ModTime().UnixNano()
	}
	last, when := "", done
	_ = filepath.WalkDir(s.dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(p, restore+"/") && restore != "" {
			return nil
		}
		hidden := strings.HasPrefix(filepath.Base(p), ".") || strings.Contains(p, "/checkpoints/")
		if info, err := d.Info(); err == nil && hidden && info.ModTime().UnixNano() > when {
			last, when = p, info.ModTime().UnixNano()
		}
		return nil
	})
	if last == "" {
		return
	}
	info, err := os.Stat(last)
	if err != nil || info.Size() == 0 {
		return
	}
	if err := os.Truncate(last, s.random.Int64N(info.Size())); err != nil {
		s.t.Fatal(err)
	}
	s.counts["the last file torn after a kill"]++
}

// life runs one process to its end.
func (s *schedule) life(l life) (report, error) {
	l.Dir, l.Query, l.Rows = s.dir, s.query, rows
	text, err := json.Marshal(l)
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.CommandContext(s.t.Context(), os.Args[0])
	c.Env = append(os.Environ(), variable+"="+string(text))
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return report{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(errs.String()))
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return report{}, fmt.Errorf("read the report %q: %w", out.String(), err)
	}
	return r, nil
}

func killed(err error) bool {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// result reads the files that are published: how often each row is there, or of
// a changelog what is left of it.
func (s *schedule) result() map[string]int {
	rows := map[string]int{}
	err := filepath.WalkDir(filepath.Join(s.dir, "out"), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if !queries[s.query].changes {
				rows[lines.Text()]++
				continue
			}
			var c struct{ Before, After json.RawMessage }
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				return fmt.Errorf("line of %s: %w", p, err)
			}
			count(rows, c.Before, -1)
			count(rows, c.After, 1)
		}
		return lines.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return rows
}

func count(rows map[string]int, row json.RawMessage, n int) {
	if text := string(row); text != "" && text != "null" {
		if rows[text] += n; rows[text] == 0 {
			delete(rows, text)
		}
	}
}

// compare holds the result against that of the undisturbed run.
func (s *schedule) compare(want map[string]int) {
	got := s.result()
	if s.again {
		s.counts["schedules with rows written again"]++
		for row := range got {
			got[row] = min(got[row], want[row])
			if want[row] == 0 {
				got[row] = 1
			}
		}
	}
	if maps.Equal(got, want) {
		return
	}
	var lines []string
	for row := range want {
		if got[row] != want[row] {
			lines = append(lines, fmt.Sprintf("%+d %s", got[row]-want[row], row))
		}
	}
	for row := range got {
		if want[row] == 0 {
			lines = append(lines, fmt.Sprintf("%+d %s", got[row], row))
		}
	}
	sort.Strings(lines)
	s.t.Errorf("%d differences from the undisturbed run:\n%s", len(lines), strings.Join(lines[:min(len(lines), 12)], "\n"))
}
