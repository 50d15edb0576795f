package flink

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// numbers is a Maven project with a stateful program in two versions.
//
//go:embed numbers
var numbers embed.FS

// Programs builds the stateful program of the tests with Maven, against a
// version of Flink: the jar that a deployment begins with, and the one with
// changed code that it is upgraded to. Both have the entry class Numbers and
// the arguments N PER_SECOND FOLDER.
func Programs(t testing.TB, version string) (first, changed string) {
	t.Helper()
	if err := tool("mvn", "maven"); err != nil {
		t.Skipf("no Maven: %v", err)
	}
	first, changed, err := BuildPrograms(t.TempDir(), version)
	if err != nil {
		t.Fatal(err)
	}
	return first, changed
}

// BuildPrograms is Programs outside of a test: the jars lie in a folder, where
// it finds them again.
func BuildPrograms(folder, version string) (first, changed string, err error) {
	dir := filepath.Join(folder, "numbers-"+version)
	first, changed = filepath.Join(dir, "first", "target", "first-1.jar"), filepath.Join(dir, "changed", "target", "changed-1.jar")
	done := filepath.Join(dir, "done-"+sumOf(numbers))
	if _, err := os.Stat(done); err == nil {
		return first, changed, nil
	}
	if err := tool("mvn", "maven"); err != nil {
		return "", "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", "", err
	}
	project, err := fs.Sub(numbers, "numbers")
	if err == nil {
		err = os.CopyFS(dir, project)
	}
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "package", "-Dflink.version="+version)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("mvn package: %w\n%s", err, out)
	}
	return first, changed, os.WriteFile(done, nil, 0o644)
}

// sumOf tells one state of files from another.
func sumOf(files fs.FS) string {
	sum := sha256.New()
	_ = fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(b), b)
		return err
	}) // embedded files can be read
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// tool installs a program from a Debian package if it is missing and we may.
func tool(name, pkg string) error {
	if _, err := exec.LookPath(name); err == nil {
		return nil
	}
	return debian(name+" is missing", pkg)
}

// debian installs packages.
func debian(why string, packages ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return fmt.Errorf("%s: apt-get install %v", why, packages)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for _, args := range [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, packages...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}
