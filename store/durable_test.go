package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/postgres"
)

// childVariable makes the test binary a process that writes to the store of
// that URL until it is killed.
const childVariable = "WEIR_STORE_TEST_CHILD"

// child says each write when it has returned.
func child(url string) {
	ctx := context.Background()
	db, err := Open(ctx, url)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for i := 0; ; i++ {
		d, err := db.Deployments().Create(ctx, "child", deployment("default", fmt.Sprint("d", i)))
		if err == nil {
			fmt.Println("created", d.Metadata.ID)
			d, err = db.Deployments().Update(ctx, "child", d.Metadata.ID, func(d *resource.Deployment) error {
				d.Spec.Template.Spec.Parallelism = 2
				return nil
			})
		}
		if err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println("updated", d.Metadata.ID)
	}
}

func startChild(t *testing.T, url string, change func(*exec.Cmd)) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	change(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestWhatReturnedSurvivesAKill(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		cmd, lines := startChild(t, url, func(*exec.Cmd) {})
		said := map[string]string{}
		n := 0
		for lines.Scan() {
			what, id, _ := strings.Cut(lines.Text(), " ")
			if what == "error" {
				t.Fatal(id)
			}
			said[id] = what
			if n++; n == 61 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child was not killed")
		}
		if n < 61 {
			t.Fatalf("the child said %d things only", n)
		}

		db := open(t, url)
		for id, what := range said {
			d, err := db.Deployments().Get(t.Context(), id)
			if err != nil {
				t.Errorf("%s, but %v", what, err)
				continue
			}
			revisions, err := db.Revisions(t.Context(), resource.KindDeployment, id)
			if err != nil || len(revisions) != d.Metadata.Generation || what == "updated" && d.Metadata.Generation != 2 {
				t.Errorf("%s %+v with %d revisions, %v", what, d.Metadata, len(revisions), err)
			}
		}
	})
}

func TestOneProcessAtATimeOnSQLite(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "a folder", "100%?#.db")
	db := open(t, url)
	if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "is in use by another weir") {
		t.Errorf("got %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, url)
}

func TestDamagedFiles(t *testing.T) {
	fill := func(t *testing.T, path string) {
		db, err := Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if _, err := db.Deployments().Create(t.Context(), "", deployment("default", fmt.Sprint("d", i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"not a database", func([]byte) []byte { return []byte(strings.Repeat("this is a letter to a friend\n", 100)) }},
		{"cut in the middle", func(b []byte) []byte { return b[:len(b)/2] }},
		{"pages overwritten", func(b []byte) []byte {
			for i := len(b) / 3; i < len(b)/3+3*4096; i++ {
				b[i] = 0xa5
			}
			return b
		}},
		{"header overwritten", func(b []byte) []byte { copy(b, make([]byte, 100)); return b }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "weir.db")
			fill(t, path)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			damaged := tt.damage(whole)
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = Open(t.Context(), "sqlite:"+path)
			if err == nil || !strings.Contains(err.Error(), path+" is damaged: ") || !strings.Contains(err.Error(), "restore it from a backup") {
				t.Errorf("got %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(damaged) {
				t.Errorf("the damaged file was changed (%d bytes, now %d), %v", len(damaged), len(after), err)
			}
		})
	}
}

// Servers that share a database may start at the same moment.
func TestOpenedByManyAtOnce(t *testing.T) {
	url := postgres.URL(t)
	errs := make(chan error)
	for range 4 {
		go func() {
			db, err := Open(context.Background(), url)
			if err == nil {
				err = db.Close()
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestWritesReachTheDisk(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	var journal string
	var synchronous int
	err := errors.Join(
		db.write.QueryRow("PRAGMA journal_mode").Scan(&journal),
		db.write.QueryRow("PRAGMA synchronous").Scan(&synchronous))
	if err != nil || journal != "wal" || synchronous != 2 {
		t.Errorf("journal %s, synchronous %d, %v", journal, synchronous, err)
	}
}

func TestNewerSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.write.Exec(db.sql("INSERT INTO schema_version (version_id, is_applied) VALUES (99, $1)"), true)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "was written by a newer weir (schema 99, this one knows ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestFullDisk(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	ctx := t.Context()
	var pages int
	if err := db.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := db.write.Exec(fmt.Sprint("PRAGMA max_page_count = ", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages + 20)
	var there []string
	var err error
	for i := 0; err == nil && i < 10000; i++ {
		var d resource.Deployment
		if d, err = db.Deployments().Create(ctx, "", deployment("default", fmt.Sprint("d", i))); err == nil {
			there = append(there, d.Metadata.ID)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "is full: nothing was changed") {
		t.Fatalf("after %d: %v", len(there), err)
	}
	all := func() {
		t.Helper()
		list, err := db.Deployments().List(ctx, resource.Filter{})
		if err != nil || len(list) != len(there) {
			t.Errorf("%d of %d are there, %v", len(list), len(there), err)
		}
	}
	all()
	limit(pages + 1000)
	d, err := db.Deployments().Create(ctx, "", deployment("default", "after"))
	if err != nil {
		t.Fatalf("there is room again, but %v", err)
	}
	there = append(there, d.Metadata.ID)
	all()
}

// Root may write everywhere, so a child that is not root tries.
func TestReadOnlyFolder(t *testing.T) {
	root, err := os.MkdirTemp("", "weir-store")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	child := filepath.Join(root, "child")
	copyFile(t, os.Args[0], child)
	dir := filepath.Join(root, "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "weir.db")
	open := func(want string) {
		t.Helper()
		cmd, lines := startChild(t, "sqlite:"+path, func(cmd *exec.Cmd) {
			cmd.Dir = dir
			if os.Getuid() == 0 {
				// The binary itself may be in a folder closed to others.
				cmd.Path = child
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
		})
		lines.Scan()
		got := lines.Text()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	open("error open store: folder " + dir + " is read-only for this user")

	// The folder may be written, but not the database in it.
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path+".lock"), os.Chmod(path, 0o444)); err != nil {
		t.Fatal(err)
	}
	open("error open store: database " + path + " cannot be written")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o755); err != nil {
		t.Fatal(err)
	}
}
