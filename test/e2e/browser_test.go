package e2e

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestBrowser uses the web interface as people do, in a real Chromium, each
// scenario on a platform of its own. What is done and seen is in
// browser/scenarios.mjs, browser/platform.mjs and browser/use.mjs.
func TestBrowser(t *testing.T) {
	for _, scenario := range []string{
		"list", "held", "scale", "savepoint", "suspend", "reset", "fork", "edit", "events", "failure", "badScript", "failing", "away", "small", "killed",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t, "--demo"), scenario)
		})
	}
	// From the first script to the first trouble, and without a mouse.
	for _, scenario := range []string{"create", "logs", "doctor", "keyboard"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t), scenario)
		})
	}
	// The SQL page, and the pages of the namespace and the platform.
	for _, scenario := range []string{"sql", "newTable", "secret", "artifact", "cluster", "places"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t), scenario)
		})
	}
	t.Run("accessible", func(t *testing.T) {
		t.Parallel()
		play(t, startPlatform(t, "--demo"), "accessible")
	})
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		play(t, startPlatform(t), "empty")
	})
}

// TestBrowserPictures makes the pictures of the documentation anew, into the
// folder that WEIR_PICTURES names.
func TestBrowserPictures(t *testing.T) {
	folder := os.Getenv("WEIR_PICTURES")
	if folder == "" {
		t.Skip("WEIR_PICTURES names no folder")
	}
	if abs, err := filepath.Abs(folder); err != nil || !isFolder(abs) {
		t.Fatalf("WEIR_PICTURES: %s is no folder", folder)
	}
	play(t, startPlatform(t, "--demo"), "pictures")
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// play runs a scenario, and does for it what a page cannot do.
func play(t *testing.T, p *platform, scenario string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a hang guard
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "browser/run.mjs", scenario, "http://"+p.listen)
	var problems lockedBuffer
	cmd.Stderr = &problems
	answer, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: node is needed", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, asked := strings.CutPrefix(lines.Text(), "ask ")
		if !asked {
			t.Log(lines.Text())
			continue
		}
		said := "done"
		switch what {
		case "kill":
			p.kill()
		case "start":
			p.start()
		case "kill the engine":
			for _, pid := range p.engines() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		case "a folder":
			said = t.TempDir()
		case "a folder for pictures": // none, if nobody wants to look at them
			said = os.Getenv("WEIR_LOOK")
		default:
			t.Errorf("scenario %s asks for %q, which nobody knows", scenario, what)
		}
		if _, err := answer.Write([]byte(said + "\n")); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("scenario %s: %v\n%s", scenario, err, problems.String())
	}
}
