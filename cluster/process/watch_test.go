package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/weir-streams/weir/cluster"
)

// TestTheWatchTellsOfEveryEnd kills a process of this launcher and one that an
// earlier launcher left behind.
func TestTheWatchTellsOfEveryEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dir := filepath.Join(shortDir(t), "clusters")
	const orphan = "6f1ed002-ab5a-4b3e-9d8c-0000000000ba"
	if err := exec.Command(os.Args[0], "launch", dir, orphan).Run(); err == nil {
		t.Fatal("the platform was to be killed")
	}
	l := newLauncher(t, dir, 0)
	own := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000bb")
	if err := l.Launch(ctx, own); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []cluster.Ref{own.Ref, specOf(orphan).Ref} {
		until(t, "connect", func() bool { _, err := l.Connect(ctx, ref); return err == nil })
	}
	told := make(chan cluster.Ref, 8)
	done := make(chan error, 1)
	go func() { done <- l.Watch(ctx, func(ref cluster.Ref) { told <- ref }) }()
	for _, ref := range []cluster.Ref{own.Ref, specOf(orphan).Ref} {
		if err := syscall.Kill(pidOf(t, dir, ref.JobID), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		until(t, "be told", func() bool {
			select {
			case got := <-told:
				if got != ref {
					t.Fatalf("told of %v, killed %v", got, ref)
				}
				return true
			default:
				return false
			}
		})
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, ref := range []cluster.Ref{own.Ref, specOf(orphan).Ref} {
		if err := l.Terminate(context.Background(), ref); err != nil {
			t.Error(err)
		}
	}
}
