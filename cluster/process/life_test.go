package process_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster/process"
)

func TestALifeEndsWithItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	want := specOf("6f1ed002-ab5a-4b3e-9d8c-0000000000b1")
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spec.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	life, err := process.Enter(dir)
	if err != nil || life.Spec.Ref != want.Ref {
		t.Fatalf("entered %+v, %v", life, err)
	}
	if _, err := process.Enter(dir); err == nil || !strings.Contains(err.Error(), "another process lives") {
		t.Errorf("entered twice: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := life.Watch(ctx); err == nil {
		t.Error("the directory is there, but Watch says it is gone")
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := life.Watch(context.Background()); err != nil {
		t.Errorf("watch: %v", err)
	}
}
