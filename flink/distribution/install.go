package distribution

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1" //nolint:gosec // the checksum that Maven repositories publish
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Sources of Flink's jars.
const (
	DefaultIndex      = "https://pypi.org/simple"
	DefaultRepository = "https://repo.maven.apache.org/maven2"
)

// maxDownload bounds what is fetched: a Flink is below 500 MB.
const maxDownload = 2 << 30

// Order says what to install and from where.
type Order struct {
	Version string // "2.3.0"
	Dir     string // is made; must not hold anything else
	// Index is a Python package index with Flink's jars (its Python package carries
	// the whole distribution, with published checksums), Repository a Maven
	// repository with what that lacks. Empty: the public ones.
	Index, Repository string
	S3                bool // with the file system for s3://
	Progress          func(what string)
}

var wholeVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

// Install fetches a version. A folder in which it is already is left as it is,
// but for what it lacks.
func Install(ctx context.Context, o Order) (Home, error) {
	if !wholeVersion.MatchString(o.Version) {
		return Home{}, fmt.Errorf("%q is not a version of Flink such as 2.3.0", o.Version)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Index == "" {
		o.Index = DefaultIndex
	}
	if o.Repository == "" {
		o.Repository = DefaultRepository
	}
	h, err := Open(o.Dir)
	switch {
	case err == nil && h.Version != o.Version:
		return h, fmt.Errorf("%s has Flink %s, not %s", o.Dir, h.Version, o.Version)
	case err != nil:
		if entries, _ := os.ReadDir(o.Dir); len(entries) > 0 {
			return h, fmt.Errorf("%s is not empty and holds no Flink", o.Dir)
		}
		if err := o.distribution(ctx); err != nil {
			return h, fmt.Errorf("install Flink %s: %w", o.Version, err)
		}
		if h, err = Open(o.Dir); err != nil {
			return h, err
		}
	}
	if h.Gateway == "" {
		// Not every patch version is published apart; the jar of an earlier one of
		// the same line works.
		if err := o.jar(ctx, "flink-sql-gateway", h.OptDir()); err != nil {
			return h, fmt.Errorf("install Flink %s: %w", o.Version, err)
		}
	}
	if o.S3 && len(h.S3) == 0 {
		if err := o.jar(ctx, "flink-s3-fs-hadoop", filepath.Join(h.PluginsDir(), "s3-fs-hadoop")); err != nil {
			return h, fmt.Errorf("install Flink %s: %w", o.Version, err)
		}
	}
	return Open(o.Dir)
}

// distribution fetches lib, opt, plugins and licenses.
func (o Order) distribution(ctx context.Context) error {
	const name = "apache-flink-libraries"
	page := strings.TrimRight(o.Index, "/") + "/" + name + "/"
	var index struct {
		Files []struct {
			Filename string            `json:"filename"`
			URL      string            `json:"url"`
			Hashes   map[string]string `json:"hashes"`
		} `json:"files"`
	}
	b, err := fetch(ctx, page, "application/vnd.pypi.simple.v1+json", 64<<20)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return fmt.Errorf("read %s: %w", page, err)
	}
	for _, f := range index.Files {
		base := strings.ReplaceAll(f.Filename, "_", "-")
		if base != name+"-"+o.Version+".tar.gz" && !(strings.HasPrefix(base, name+"-"+o.Version+"-") && strings.HasSuffix(base, ".whl")) {
			continue
		}
		from, err := resolveURL(page, f.URL)
		if err != nil {
			return err
		}
		o.Progress("fetching " + f.Filename)
		archive, err := download(ctx, from, filepath.Dir(o.Dir), sha256.New(), f.Hashes["sha256"])
		if err != nil {
			return err
		}
		defer os.Remove(archive)
		o.Progress("unpacking " + f.Filename)
		return o.unpack(archive, strings.HasSuffix(f.Filename, ".whl"))
	}
	return fmt.Errorf("%s has no version %s", page, o.Version)
}

func resolveURL(page, ref string) (string, error) {
	base, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(ref)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// unpack makes the folder, whole or not at all.
func (o Order) unpack(archive string, wheel bool) error {
	if err := os.MkdirAll(filepath.Dir(o.Dir), 0o755); err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(o.Dir), ".flink-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	put := func(name string, r io.Reader) error {
		parts := strings.Split(path.Clean(name), "/")
		at := slices.IndexFunc(parts, func(p string) bool { return p == "pyflink" || p == "deps" })
		if at < 0 || at > 1 || at+2 >= len(parts) || !slices.Contains([]string{"lib", "opt", "plugins", "licenses"}, parts[at+1]) || slices.Contains(parts, "..") {
			return nil
		}
		to := filepath.Join(append([]string{made}, parts[at+1:]...)...)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, io.LimitReader(r, maxDownload))
		return errors.Join(err, f.Close())
	}
	read := readTar
	if wheel {
		read = readZip
	}
	if err := read(archive, put); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for _, name := range []string{"opt", "plugins"} {
		if err := os.MkdirAll(filepath.Join(made, name), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(made, 0o755); err != nil {
		return err
	}
	_ = os.Remove(o.Dir) // if it is there and empty
	return os.Rename(made, o.Dir)
}

func readTar(archive string, put func(string, io.Reader) error) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			if err := put(h.Name, t); err != nil {
				return err
			}
		}
	}
}

func readZip(archive string, put func(string, io.Reader) error) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		if err := errors.Join(put(f.Name, r), r.Close()); err != nil {
			return err
		}
	}
	return nil
}

// jar fetches a jar of Flink's from Maven, of the newest patch version that is
// not above ours.
func (o Order) jar(ctx context.Context, artifact, dir string) error {
	n := numbers(o.Version)
	var last error
	for patch := n[2]; patch >= 0; patch-- {
		version := fmt.Sprintf("%d.%d.%d", n[0], n[1], patch)
		name := artifact + "-" + version + ".jar"
		from := strings.TrimRight(o.Repository, "/") + "/org/apache/flink/" + artifact + "/" + version + "/" + name
		sum, err := fetch(ctx, from+".sha1", "", 1<<10)
		if err != nil {
			last = err
			continue
		}
		o.Progress("fetching " + name)
		got, err := download(ctx, from, filepath.Dir(o.Dir), sha1.New(), strings.TrimSpace(string(sum[:min(40, len(sum))]))) //nolint:gosec // see above
		if err != nil {
			return err
		}
		defer os.Remove(got)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(got, 0o644); err != nil {
			return err
		}
		return os.Rename(got, filepath.Join(dir, name))
	}
	return last
}

func get(ctx context.Context, from, accept string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", from, err)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("fetch %s: %s", from, res.Status)
	}
	return res.Body, nil
}

func fetch(ctx context.Context, from, accept string, most int64) ([]byte, error) {
	body, err := get(ctx, from, accept)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(body, most)); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", from, err)
	}
	return b.Bytes(), nil
}

// download writes to a new file in a folder and checks the sum.
func download(ctx context.Context, from, dir string, sum hash.Hash, want string) (file string, err error) {
	if want == "" {
		return "", fmt.Errorf("fetch %s: its checksum is not published", from)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	body, err := get(ctx, from, "")
	if err != nil {
		return "", err
	}
	defer body.Close()
	f, err := os.CreateTemp(dir, ".download-")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.MultiWriter(f, sum), io.LimitReader(body, maxDownload))
	if err = errors.Join(err, f.Close()); err == nil {
		if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, want) {
			err = fmt.Errorf("its checksum is %s, published is %s", got, want)
		}
	}
	if err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("fetch %s: %w", from, err)
	}
	return f.Name(), nil
}
