package distribution

import (
	"context"
	"crypto/sha1" //nolint:gosec // the checksum that Maven repositories publish
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Jar is a jar of a Maven repository to be fetched.
type Jar struct {
	Coordinates string // GROUP:ARTIFACT:VERSION
	Dir         string // is made
	Repository  string // empty: the public one
	Progress    func(what string)
}

var coordinatePart = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// FetchJar brings a jar into a folder, with its checksum compared, and returns
// its path. One that is there is taken as it is.
func FetchJar(ctx context.Context, j Jar) (string, error) {
	parts := strings.Split(j.Coordinates, ":")
	for _, p := range parts {
		if len(parts) != 3 || !coordinatePart.MatchString(p) || strings.Contains(p, "..") {
			return "", fmt.Errorf("%q are no coordinates of Maven such as org.apache.flink:flink-sql-connector-kafka:4.0.1-2.0", j.Coordinates)
		}
	}
	group, artifact, version := parts[0], parts[1], parts[2]
	name := artifact + "-" + version + ".jar"
	path := filepath.Join(j.Dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if j.Repository == "" {
		j.Repository = DefaultRepository
	}
	from := strings.TrimRight(j.Repository, "/") + "/" + strings.ReplaceAll(group, ".", "/") + "/" + artifact + "/" + version + "/" + name
	sum, err := fetch(ctx, from+".sha1", "", 1<<10)
	if err != nil {
		return "", fmt.Errorf("%s: %w", j.Coordinates, err)
	}
	if j.Progress != nil {
		j.Progress("fetching " + name)
	}
	got, err := download(ctx, from, j.Dir, sha1.New(), strings.TrimSpace(string(sum[:min(40, len(sum))]))) //nolint:gosec // see above
	if err != nil {
		return "", fmt.Errorf("%s: %w", j.Coordinates, err)
	}
	defer os.Remove(got)
	if err := os.Chmod(got, 0o644); err != nil {
		return "", err
	}
	return path, os.Rename(got, path)
}
