package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	storage "github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/artifact/s3"
	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/resource"
)

// artifacts is where uploaded files go, by the settings.
func artifacts(config configuration, data string) (storage.Store, error) {
	place := config.get("artifacts")
	scheme, _, hasScheme := strings.Cut(place, ":/")
	switch {
	case place == "":
		return storage.NewFolder(data)
	case scheme == "s3" && hasScheme:
		return s3.New(s3.Config{
			Location: place, Endpoint: config.get("s3-endpoint"), Region: config.get("s3-region"),
			PathStyle: config.is("s3-path-style"), Encryption: config.get("s3-encryption"),
		})
	case scheme == "file" && hasScheme:
		u, err := url.Parse(place)
		if err != nil || u.Host != "" || !filepath.IsAbs(u.Path) {
			return nil, fmt.Errorf("artifacts at %q: want a folder such as file:///var/lib/weir", place)
		}
		return storage.NewFolder(filepath.FromSlash(u.Path))
	case hasScheme:
		return nil, fmt.Errorf("artifacts at %q: want a folder or s3://BUCKET/PREFIX; %s is not built", place, scheme)
	}
	return storage.NewFolder(place)
}

// knownArtifacts tells the API which of the files that deployments refer to
// are there.
type knownArtifacts struct{ storage.Store }

func (k knownArtifacts) Exists(ctx context.Context, uri string) (exists, ours bool, err error) {
	return storage.Exists(ctx, k.Store, uri)
}

// artifactLimit is the size of an upload, in bytes.
func artifactLimit(config configuration) int64 {
	n, _ := resource.ParseMemory(config.get("artifact-limit")) // checked with the settings
	return n
}

// programs brings what jobs of this machine run to a folder on it.
type programs struct {
	files storage.Store
	dir   string
}

// Local finds files where they are, and downloads artifacts of ours.
func (p programs) Local(ctx context.Context, uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	if u.Scheme == "" || u.Scheme == "file" {
		return u.Path, nil
	}
	namespace, name, ours := storage.Split(p.files, uri)
	if !ours {
		return "", fmt.Errorf("%w: this server fetches no %s: artifacts but its own; upload the file, or use one on its machine", cluster.ErrRefused, u.Scheme)
	}
	path, err := storage.Local(ctx, p.files, p.dir, namespace, name)
	if errors.Is(err, resource.ErrNotFound) {
		return "", fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return path, err
}
