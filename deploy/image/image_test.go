package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestArchiveIsTheSameEachTime(t *testing.T) {
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		image, err := build([]byte("program"), settings{version: "v1", revision: "abc", arch: "arm64", created: made})
		if err != nil {
			t.Fatal(err)
		}
		if err := archive(b, image, "weir:v1"); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of the same image differ")
	}
	var layout []string
	files := entries(t, first.Bytes())
	for name := range files {
		if !strings.HasPrefix(name, "blobs/") {
			layout = append(layout, name)
		}
	}
	slices.Sort(layout)
	if want := []string{"index.json", "manifest.json", "oci-layout"}; !slices.Equal(layout, want) {
		t.Errorf("archive has %v, want %v", layout, want)
	}
	if index := string(files["index.json"]); !strings.Contains(index, `"docker.io/library/weir:v1"`) {
		t.Errorf("the index names no image: %s", index)
	}
	var docker []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(files["manifest.json"], &docker); err != nil {
		t.Fatal(err)
	}
	for _, blob := range append(docker[0].Layers, docker[0].Config) {
		if len(files[blob]) == 0 {
			t.Errorf("manifest.json names %s, which is not in the archive", blob)
		}
	}
}

func TestImageIsForAnyUser(t *testing.T) {
	image, err := build([]byte("program"), settings{version: "v1", arch: "amd64", created: made})
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "9999:0" { // a number, or Kubernetes cannot tell that it is not root
		t.Errorf("user %q", config.Config.User)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 2 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	headers := map[string]*tar.Header{}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range entries(t, text) {
			if name == "etc/ssl/certs/ca-certificates.crt" && !x509.NewCertPool().AppendCertsFromPEM(content) {
				t.Error("no certificate can be read")
			}
		}
		reader := tar.NewReader(bytes.NewReader(text))
		for h, err := reader.Next(); err == nil; h, err = reader.Next() {
			headers[h.Name] = h
		}
	}
	if h := headers["var/lib/weir/"]; h == nil || h.Gid != 0 || h.Mode&0o070 != 0o070 {
		t.Errorf("group 0 cannot write the data folder: %+v", h)
	}
	if h := headers["usr/local/bin/weir"]; h == nil || h.Mode != 0o755 {
		t.Errorf("the program is not there for everybody: %+v", h)
	}
}

func TestReference(t *testing.T) {
	for name, want := range map[string]string{
		"weir:1":                      "docker.io/library/weir:1",
		"team/weir:1":                 "docker.io/team/weir:1",
		"registry.example.com/weir:1": "registry.example.com/weir:1",
		"localhost:5000/weir:1":       "localhost:5000/weir:1",
	} {
		if got := reference(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := tag("v1.2.3+dirty"); got != "v1.2.3_dirty" {
		t.Errorf("tag %s", got)
	}
}

func TestOnlyProgramsOfLinux(t *testing.T) {
	if err := static([]byte("#!/bin/sh\n")); err == nil {
		t.Error("a script is no program of its own")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check(self); err != nil && !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Error(err)
	}
}

func entries(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
