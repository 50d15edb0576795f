// Package distribution finds installations of Apache Flink on this machine and
// says what they are and what they lack.
package distribution

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Home is one installation.
type Home struct {
	Dir     string
	Version string // "2.3.0"
	// Lib are the jars of every process; the one of Flink itself is last.
	Lib []string
	// Gateway is the jar of the SQL gateway in opt, which runs SQL scripts on
	// Flink 2; empty without.
	Gateway string
	// S3 are the file systems for S3 there are: names of folders in plugins.
	S3 []string
	// Python tells whether the jar that starts Python programs is there.
	Python string
}

var distJar = regexp.MustCompile(`^flink-dist-(\d+\.\d+\.\d+)\.jar$`)

// Open reads an installation.
func Open(dir string) (Home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Home{}, fmt.Errorf("look for Flink in %q: %w", dir, err)
	}
	h := Home{Dir: dir}
	entries, err := os.ReadDir(h.LibDir())
	if err != nil {
		return h, fmt.Errorf("no Flink in %s: %w", dir, err)
	}
	dist := ""
	for _, e := range entries {
		path := filepath.Join(h.LibDir(), e.Name())
		if m := distJar.FindStringSubmatch(e.Name()); m != nil {
			h.Version, dist = m[1], path
		} else if strings.HasSuffix(e.Name(), ".jar") {
			h.Lib = append(h.Lib, path)
		}
	}
	if dist == "" {
		return h, fmt.Errorf("no Flink in %s: lib has no flink-dist-VERSION.jar", dir)
	}
	h.Lib = append(h.Lib, dist)
	if jars, err := filepath.Glob(filepath.Join(h.OptDir(), "flink-sql-gateway-[0-9]*.jar")); err == nil && len(jars) > 0 {
		h.Gateway = jars[0]
	}
	for _, pattern := range []string{h.OptDir(), h.LibDir()} {
		if jars, err := filepath.Glob(filepath.Join(pattern, "flink-python-[0-9]*.jar")); err == nil && len(jars) > 0 {
			h.Python = jars[0]
		}
	}
	if plugins, err := filepath.Glob(filepath.Join(h.PluginsDir(), "*s3*")); err == nil {
		for _, p := range plugins {
			h.S3 = append(h.S3, filepath.Base(p))
		}
	}
	return h, nil
}

// LibDir, OptDir and PluginsDir are folders of an installation.
func (h Home) LibDir() string { return filepath.Join(h.Dir, "lib") }

// OptDir has jars that only some processes need.
func (h Home) OptDir() string { return filepath.Join(h.Dir, "opt") }

// PluginsDir has jars with class loaders of their own.
func (h Home) PluginsDir() string { return filepath.Join(h.Dir, "plugins") }

// ClassPath is what every process is started with.
func (h Home) ClassPath() string { return strings.Join(h.Lib, string(os.PathListSeparator)) }

// Major is the first number of the version.
func (h Home) Major() int { return numbers(h.Version)[0] }

// Find lists the installations in folders, newest first: a folder may be one, or
// have them as its children. Folders that are not there have none.
func Find(dirs ...string) ([]Home, error) {
	var homes []Home
	seen := map[string]bool{}
	add := func(dir string) bool {
		h, err := Open(dir)
		if err != nil || seen[h.Dir] {
			return err == nil
		}
		seen[h.Dir] = true
		homes = append(homes, h)
		return true
	}
	for _, dir := range dirs {
		if dir == "" || add(dir) {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, fmt.Errorf("look for Flink: %w", err)
		}
		for _, e := range entries {
			add(filepath.Join(dir, e.Name()))
		}
	}
	slices.SortStableFunc(homes, func(a, b Home) int { return compare(b.Version, a.Version) })
	return homes, nil
}

// Pick is the installation that a version asks for: "" any, "2.3" the newest of
// that line, "2.3.0" this one.
func Pick(homes []Home, version string) (Home, error) {
	for _, h := range homes {
		if version == "" || h.Version == version || strings.HasPrefix(h.Version, version+".") {
			return h, nil
		}
	}
	if len(homes) == 0 {
		return Home{}, errors.New("there is no Apache Flink on this machine: weir flink install 2.3.0 fetches one, and weir flink list shows where it is looked for")
	}
	var have []string
	for _, h := range homes {
		have = append(have, h.Version)
	}
	return Home{}, fmt.Errorf("there is no Apache Flink %s on this machine, but %s: set flinkVersion to one of these, or weir flink install %s", version, strings.Join(have, ", "), version)
}

func numbers(version string) [3]int {
	var n [3]int
	for i, part := range strings.SplitN(version, ".", 3) {
		n[i], _ = strconv.Atoi(part) // what is no number is 0
	}
	return n
}

func compare(a, b string) int {
	x, y := numbers(a), numbers(b)
	return slices.CompareFunc(x[:], y[:], cmp.Compare[int])
}

// JavaOptions are those that a version of Flink wants every JVM to have: the
// access to parts of Java's own modules, as its default configuration lists it.
func (h Home) JavaOptions() ([]string, error) {
	z, err := zip.OpenReader(h.Lib[len(h.Lib)-1])
	if err != nil {
		return nil, fmt.Errorf("read Flink %s: %w", h.Version, err)
	}
	defer z.Close()
	f, err := z.Open("config.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the default configuration of Flink %s: %w", h.Version, err)
	}
	defer f.Close()
	var config struct {
		Env struct {
			Java struct {
				Opts struct {
					All string `yaml:"all"`
				} `yaml:"opts"`
			} `yaml:"java"`
		} `yaml:"env"`
	}
	if err := yaml.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&config); err != nil {
		return nil, fmt.Errorf("read the default configuration of Flink %s: %w", h.Version, err)
	}
	return strings.Fields(config.Env.Java.Opts.All), nil
}
