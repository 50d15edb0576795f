package distribution

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func distJarOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("config.yaml")
	if err == nil {
		_, err = w.Write([]byte("env:\n  java:\n    opts:\n      all: --add-opens=a/b=ALL-UNNAMED --add-exports=c/d=ALL-UNNAMED\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sources serves a package index and a Maven repository with one small Flink.
func sources(t *testing.T, damage bool) *httptest.Server {
	t.Helper()
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	w := tar.NewWriter(z)
	for name, content := range map[string][]byte{
		"apache_flink_libraries-2.3.0/deps/lib/flink-dist-2.3.0.jar": distJarOf(t), "apache_flink_libraries-2.3.0/deps/lib/flink-table-runtime-2.3.0.jar": []byte("x"),
		"apache_flink_libraries-2.3.0/deps/lib/../../../../evil": []byte("x"), "apache_flink_libraries-2.3.0/setup.py": []byte("x"),
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if w.Close() != nil || z.Close() != nil {
		t.Fatal("archive")
	}
	sum := sha256.Sum256(archive.Bytes())
	jar := []byte("gateway")
	jarSum := sha1.Sum(jar)
	body := archive.Bytes()
	if damage {
		body = append(bytes.Clone(body), 0)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simple/apache-flink-libraries/", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"files": []map[string]any{{
			"filename": "apache_flink_libraries-2.3.0.tar.gz", "url": "../../files/f.tar.gz", "hashes": map[string]string{"sha256": hex.EncodeToString(sum[:])},
		}}})
	})
	mux.HandleFunc("GET /files/f.tar.gz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	const gateway = "/maven/org/apache/flink/flink-sql-gateway/2.3.0/flink-sql-gateway-2.3.0.jar"
	mux.HandleFunc("GET "+gateway, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(jar) })
	mux.HandleFunc("GET "+gateway+".sha1", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(hex.EncodeToString(jarSum[:]) + "\n"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestInstallFindPick(t *testing.T) {
	s := sources(t, false)
	root := t.TempDir()
	order := Order{Version: "2.3.0", Dir: filepath.Join(root, "2.3.0"), Index: s.URL + "/simple", Repository: s.URL + "/maven"}
	for range 2 { // again changes nothing
		h, err := Install(t.Context(), order)
		if err != nil || h.Version != "2.3.0" || h.Gateway == "" || h.Major() != 2 || len(h.Lib) != 2 {
			t.Fatalf("%+v, %v", h, err)
		}
		if options, err := h.JavaOptions(); err != nil || len(options) != 2 || options[0] != "--add-opens=a/b=ALL-UNNAMED" {
			t.Errorf("%v, %v", options, err)
		}
		if !strings.HasSuffix(h.ClassPath(), "flink-dist-2.3.0.jar") {
			t.Errorf("class path %s", h.ClassPath())
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	order.Version = "2.4.0"
	if _, err := Install(t.Context(), order); err == nil || !strings.Contains(err.Error(), "has Flink 2.3.0") {
		t.Errorf("over another version: %v", err)
	}
	order.Dir = filepath.Join(root, "2.4.0")
	if _, err := Install(t.Context(), order); err == nil || !strings.Contains(err.Error(), "no version 2.4.0") {
		t.Errorf("a version that is not there: %v", err)
	}
	order.Version = "latest"
	if _, err := Install(t.Context(), order); err == nil {
		t.Error("no version")
	}
	for _, name := range []string{"1.20.5", "1.20.10"} { // made by hand
		lib := filepath.Join(root, name, "lib")
		if err := os.MkdirAll(lib, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(lib, "flink-dist-"+name+".jar"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	homes, err := Find(filepath.Join(root, "nowhere"), "", root, filepath.Join(root, "2.3.0"))
	if err != nil || len(homes) != 3 || homes[0].Version != "2.3.0" || homes[1].Version != "1.20.10" {
		t.Fatalf("%+v, %v", homes, err)
	}
	for want, version := range map[string]string{"": "2.3.0", "2.3": "2.3.0", "1.20": "1.20.10", "1.20.5": "1.20.5"} {
		if h, err := Pick(homes, want); err != nil || h.Version != version {
			t.Errorf("%q: %+v, %v", want, h, err)
		}
	}
	if _, err := Pick(homes, "1.2"); err == nil || !strings.Contains(err.Error(), "2.3.0, 1.20.10, 1.20.5") {
		t.Errorf("%v", err)
	}
	if _, err := Pick(nil, ""); err == nil || !strings.Contains(err.Error(), "weir flink install") {
		t.Errorf("%v", err)
	}
	problems := Check(homes[0], Java{Path: "java", Version: "1.8.0", Major: 8})
	if len(problems) == 0 || !problems[0].Fatal {
		t.Errorf("%+v", problems)
	}
}

func TestADamagedDownloadIsNotInstalled(t *testing.T) {
	s := sources(t, true)
	dir := filepath.Join(t.TempDir(), "2.3.0")
	_, err := Install(t.Context(), Order{Version: "2.3.0", Dir: dir, Index: s.URL + "/simple", Repository: s.URL + "/maven"})
	if err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
