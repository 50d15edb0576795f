package distribution

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Java is a Java runtime.
type Java struct {
	Path    string // of the program
	Version string // "17.0.15"
	Major   int
}

var javaVersion = regexp.MustCompile(`version "(?:1\.)?(\d+)([^"]*)"`)

// FindJava is the Java that JAVA_HOME names, else the one in PATH.
func FindJava(ctx context.Context) (Java, error) {
	path := ""
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path = filepath.Join(home, "bin", "java")
	}
	if _, err := os.Stat(path); path == "" || err != nil {
		found, err := exec.LookPath("java")
		if err != nil {
			return Java{}, errors.New("there is no java in JAVA_HOME or PATH: install a Java runtime of version 17, such as openjdk-17-jre-headless")
		}
		path = found
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "-version")
	cmd.Stderr, cmd.Stdout = &out, &out
	if err := cmd.Run(); err != nil {
		return Java{}, fmt.Errorf("ask %s for its version: %w: %s", path, err, strings.TrimSpace(out.String()))
	}
	m := javaVersion.FindStringSubmatch(out.String())
	if m == nil {
		return Java{}, fmt.Errorf("ask %s for its version: it says %q", path, strings.TrimSpace(out.String()))
	}
	major, _ := strconv.Atoi(m[1]) // digits
	return Java{Path: path, Version: m[1] + m[2], Major: major}, nil
}

// Problem is something that keeps a part of Flink from working.
type Problem struct {
	What string `json:"what"` // what does not work, and why
	Mend string `json:"mend"` // what to do
	// Fatal: nothing works.
	Fatal bool `json:"fatal"`
}

// Check says what is wrong with an installation and the Java it would run on.
func Check(h Home, java Java) []Problem {
	var all []Problem
	least := 8
	if h.Major() >= 2 {
		least = 11
	}
	switch {
	case java.Major < least:
		all = append(all, Problem{fmt.Sprintf("Flink %s needs Java %d or newer; %s is %s", h.Version, least, java.Path, java.Version), "install Java 17 and set JAVA_HOME", true})
	case java.Major > 21:
		all = append(all, Problem{fmt.Sprintf("Flink %s is not tested with Java %s", h.Version, java.Version), "set JAVA_HOME to Java 17 or 21", false})
	}
	install := "weir flink install " + h.Version + " --dir " + h.Dir
	need := func(prefix, what string) {
		for _, jar := range h.Lib {
			if strings.HasPrefix(filepath.Base(jar), prefix) {
				return
			}
		}
		all = append(all, Problem{fmt.Sprintf("lib has no %s*.jar: %s", prefix, what), "move " + h.Dir + " away, and install this version anew: " + install, true})
	}
	need("flink-table-api-java-uber-", "no SQL runs")
	need("flink-table-runtime-", "no SQL runs")
	need("flink-table-planner-", "no SQL runs")
	need("log4j-core-", "processes cannot write logs")
	if h.Gateway == "" && h.Major() >= 2 {
		all = append(all, Problem{"opt has no flink-sql-gateway-*.jar: SQL scripts (SQLSCRIPT) do not run", install + " adds it", false})
	}
	if len(h.S3) == 0 {
		all = append(all, Problem{"plugins has no file system for S3: state and files on s3:// do not work", install + " --s3 adds it", false})
	}
	if h.Python == "" {
		all = append(all, Problem{"opt has no flink-python-*.jar: PYTHON artifacts do not run", "move " + h.Dir + " away, and install this version anew: " + install, false})
	}
	return all
}
