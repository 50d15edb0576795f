package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the image runs as unless told otherwise: the number that Flink's
// own images have, so that both can share a volume. Group 0 owns what is
// written to, because an arbitrary user of OpenShift is in that group.
const user = 9999

// program is where the binary is in the image.
const program = "/usr/local/bin/weir"

// made is the time of every file.
var made = time.Unix(0, 0).UTC()

// settings are what an image is told besides its content.
type settings struct {
	version, revision, arch string
	created                 time.Time
}

// file is an entry of a layer; a name with a slash at the end is a folder.
type file struct {
	name    string
	mode    int64
	group   bool // writable by group 0, owned by the user
	content []byte
}

// build makes the image: first what seldom changes, then the binary, so that an
// upgrade of weir brings one new layer.
func build(binary []byte, s settings) (v1.Image, error) {
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	system, err := layer([]file{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, content: []byte("root:x:0:\nweir:x:9999:\n")},
		{name: "etc/nsswitch.conf", mode: 0o644, content: []byte("hosts: files dns\n")},
		{name: "etc/passwd", mode: 0o644, content: []byte("root:x:0:0:root:/:/sbin/nologin\nweir:x:9999:0:weir:/var/lib/weir:/sbin/nologin\n")},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: roots},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/local/", mode: 0o755},
		{name: "usr/local/bin/", mode: 0o755},
		{name: "var/", mode: 0o755},
		{name: "var/lib/", mode: 0o755},
		{name: "var/lib/weir/", mode: 0o775, group: true},
	})
	if err != nil {
		return nil, err
	}
	weir, err := layer([]file{{name: strings.TrimPrefix(program, "/"), mode: 0o755, content: binary}})
	if err != nil {
		return nil, err
	}
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: system, MediaType: types.OCILayer, History: v1.History{CreatedBy: "certificates and the user", Created: v1.Time{Time: s.created}}},
		mutate.Addendum{Layer: weir, MediaType: types.OCILayer, History: v1.History{CreatedBy: "weir " + s.version, Created: v1.Time{Time: s.created}}},
	)
	if err != nil {
		return nil, fmt.Errorf("append layers: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = s.arch, "linux", v1.Time{Time: s.created}
	config.Config = v1.Config{
		User:       fmt.Sprintf("%d:0", user),
		Env:        []string{"PATH=/usr/local/bin", "HOME=/var/lib/weir", "WEIR_DATA=/var/lib/weir"},
		Entrypoint: []string{program},
		WorkingDir: "/var/lib/weir",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "weir",
			"org.opencontainers.image.version":  s.version,
			"org.opencontainers.image.revision": s.revision,
		},
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return image, nil
}

// layer packs files, in the order given.
func layer(files []file) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: made, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if f.group {
			h.Uid = user
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	packed := b.Bytes()
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed)), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// certificates are the authorities that Mozilla trusts, from a module of a
// pinned version and not from the machine that builds. Those that Mozilla trusts
// with a constraint are left out, because a file of certificates cannot say it.
func certificates() ([]byte, error) {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	return b.Bytes(), nil
}

// check refuses what would not run in the image: it has no libraries.
func check(path string) ([]byte, error) {
	binary, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := static(binary); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return binary, nil
}
