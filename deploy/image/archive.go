package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// reference is the name that node and registry tools know an image by in full.
func reference(name string) string {
	host, _, path := strings.Cut(name, "/")
	switch {
	case !path:
		return "docker.io/library/" + name
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		return "docker.io/" + name
	}
	return name
}

// archive writes one tar that is an OCI layout, as containerd, podman and skopeo
// take it, and has the manifest that "docker load" looks for. Equal images make
// equal archives.
func archive(w io.Writer, image v1.Image, name string) (err error) {
	dir, err := os.MkdirTemp("", "weir-image-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	_, tag, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	err = path.AppendImage(image,
		layout.WithAnnotations(map[string]string{"io.containerd.image.name": reference(name), "org.opencontainers.image.ref.name": tag}),
		layout.WithPlatform(v1.Platform{OS: config.OS, Architecture: config.Architecture}))
	if err != nil {
		return fmt.Errorf("lay out: %w", err)
	}
	docker, err := dockerManifest(image, name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), docker, 0o600); err != nil {
		return err
	}
	t := tar.NewWriter(w)
	err = filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error { // in lexical order
		if err != nil || at == dir {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		return pack(t, at, filepath.ToSlash(name), entry.IsDir())
	})
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return t.Close()
}

func pack(t *tar.Writer, at, name string, folder bool) error {
	if folder {
		return t.WriteHeader(&tar.Header{Name: name + "/", Mode: 0o755, ModTime: made, Format: tar.FormatUSTAR, Typeflag: tar.TypeDir})
	}
	content, err := os.ReadFile(at)
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: made, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = t.Write(content)
	return err
}

// dockerManifest is what "docker load" reads.
func dockerManifest(image v1.Image, name string) ([]byte, error) {
	blob := func(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }
	config, err := image.ConfigName()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: blob(config), RepoTags: []string{name}}
	for _, l := range layers {
		digest, err := l.Digest()
		if err != nil {
			return nil, err
		}
		entry.Layers = append(entry.Layers, blob(digest))
	}
	return json.Marshal([]any{entry})
}

// static tells what is wrong with a binary that is to run where nothing else is.
func static(binary []byte) error {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("no Linux program: %w", err)
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		return fmt.Errorf("it needs %s, and the image has no libraries; build it with CGO_ENABLED=0", strings.Join(libraries, ", "))
	}
	return nil
}
