package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		"list", "held", "scale", "savepoint", "suspend", "reset", "fork", "edit", "events", "failure", "badScript", "failing", "away", "small", "killed", "light", "withoutMouse",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t, "--demo"), scenario)
		})
	}
	// From the first script to the first trouble, and without a mouse.
	for _, scenario := range []string{"create", "logs", "keptLogs", "keyboard"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t), scenario)
		})
	}
	// The SQL page, and the pages of the namespace and the platform.
	for _, scenario := range []string{"sql", "newTable", "plugins", "secret", "artifact", "cluster", "places"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t), scenario)
		})
	}
	// When things go wrong, and what is kept of before.
	for _, scenario := range []string{"slow", "erring", "restarting", "inside", "links"} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			play(t, startPlatform(t, "--demo"), scenario)
		})
	}
	t.Run("doctor", func(t *testing.T) {
		t.Parallel()
		play(t, startPlatform(t), "doctor")
	})
	t.Run("accessible", func(t *testing.T) {
		t.Parallel()
		play(t, startPlatform(t, "--demo"), "accessible")
	})
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		play(t, startPlatform(t), "empty")
	})
}

// keyScenarios are those of browser/keys.mjs, in which all is done by keys.
var keyScenarios = []string{"keysSql", "keysForms", "keysDeployment", "keysList", "keysPlaces", "keysFiles", "keysFrame"}

// TestBrowserKeys does with the keyboard alone whatever the pages offer. A
// control that the scenarios came across and none of them used fails it: it is
// new, and needs a line in one of them.
func TestBrowserKeys(t *testing.T) {
	said := make([][]string, len(keyScenarios))
	t.Run("play", func(t *testing.T) {
		for i, scenario := range keyScenarios {
			t.Run(scenario, func(t *testing.T) {
				t.Parallel()
				said[i] = play(t, startPlatform(t), scenario)
			})
		}
	})
	offered, used := map[string]string{}, map[string]bool{}
	for i, lines := range said {
		if lines == nil {
			t.Skipf("scenario %s was not played: what no key does is not known", keyScenarios[i])
		}
		for _, line := range lines {
			if name, is := strings.CutPrefix(line, "offered "); is {
				offered[name] = keyScenarios[i]
			} else if name, is := strings.CutPrefix(line, "used "); is {
				used[name] = true
			}
		}
	}
	if len(used) < 150 {
		t.Errorf("only %d controls were used: the record is not whole", len(used))
	}
	for _, name := range slices.Sorted(maps.Keys(offered)) {
		if !used[name] {
			t.Errorf("%s (seen in %s) is used by no key", name, offered[name])
		}
	}
	t.Logf("%d controls, each used by a key", len(offered))
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
	play(t, startPlatformIn(t, pictureData(t), "--demo"), "pictures")
}

// pictureData is where the platform of the pictures keeps its data: what people
// see in them, if nobody keeps a platform there.
func pictureData(t *testing.T) string {
	const usual = "/var/lib/weir"
	if err := os.Mkdir(usual, 0o700); err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(usual) }) // after the platform has ended: cleanups run in reverse
	return usual
}

// plantedFor is what the doctor must find, with all that it needs, as JSON.
func plantedFor(t *testing.T) string {
	type plant struct {
		Name   string `json:"name"`
		Script string `json:"script"`
		Rule   string `json:"rule"`
		Says   string `json:"says"`
	}
	var all []plant
	for _, p := range plantedIn(t) {
		all = append(all, plant{p.name, p.script, p.rule, p.says})
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// play runs a scenario, and does for it what a page cannot do. It gives what
// the scenario said.
func play(t *testing.T, p *platform, scenario string) []string {
	t.Helper()
	said := []string{}
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
			if said = append(said, lines.Text()); !strings.HasPrefix(lines.Text(), "offered ") && !strings.HasPrefix(lines.Text(), "used ") {
				t.Log(lines.Text())
			}
			continue
		}
		reply := "done"
		switch what {
		case "kill":
			p.kill()
		case "start":
			p.start()
		case "kill the engine":
			for _, pid := range p.engines() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		case "plants":
			reply = plantedFor(t)
		case "a folder for pictures": // none, if nobody wants to look at them
			reply = os.Getenv("WEIR_LOOK")
		default:
			t.Errorf("scenario %s asks for %q, which nobody knows", scenario, what)
		}
		if _, err := answer.Write([]byte(reply + "\n")); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("scenario %s: %v\n%s", scenario, err, problems.String())
		return nil
	}
	return said
}
