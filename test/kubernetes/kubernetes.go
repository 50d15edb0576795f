// Package kubernetes gives tests a real Kubernetes: kubernetes.sh beside it,
// with one cluster for each test package.
//
// A test package calls Main from its TestMain. Plain go test then builds the
// cluster's programs once, starts the cluster, runs the test binary again in the
// cluster's network, where pods, Services and their names are reached directly,
// and takes the cluster away. With a cluster that is up already (kubernetes.sh
// up, the same CLUSTER) the tests run on that one, and it stays.
package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// inside is set for the test binary that runs in the cluster's network.
const inside = "WEIR_TEST_IN_CLUSTER"

// Options of a cluster.
type Options struct {
	// Name of the cluster; the variable CLUSTER counts more.
	Name string
	// Nodes from 1 to 3; 0 is 1.
	Nodes int
	// NodeGrace is for how many seconds a node may be silent; 0 is 40.
	NodeGrace int
	// Prepare runs before the cluster is started, outside its network, and
	// answers with files of images that every node gets.
	Prepare func() ([]string, error)
	// Run runs the tests in the cluster's network; nil: m.Run alone.
	Run func(m *testing.M) int
}

// Main runs the tests of a package in a cluster and answers with the status to
// exit with.
func Main(m *testing.M, o Options) int {
	if os.Getenv(inside) != "" {
		if o.Run != nil {
			return o.Run(m)
		}
		return m.Run()
	}
	status, err := outside(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		return 1
	}
	return status
}

func outside(o Options) (status int, err error) {
	if os.Getenv("CLUSTER") == "" && o.Name != "" {
		if err := os.Setenv("CLUSTER", o.Name); err != nil {
			return 1, err
		}
	}
	if out, err := script("build.sh").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the cluster's programs: %w: %s", err, out)
	}
	var images []string
	if o.Prepare != nil {
		if images, err = o.Prepare(); err != nil {
			return 1, err
		}
	}
	ours := script("kubernetes.sh", "exec", "true").Run() != nil
	if !ours {
		if len(images) > 0 {
			if err := loud(script("kubernetes.sh", append([]string{"load-image"}, images...)...)); err != nil {
				return 1, err
			}
		}
	} else {
		args := []string{"up", "--nodes", strconv.Itoa(max(o.Nodes, 1))}
		if o.NodeGrace > 0 {
			args = append(args, "--node-grace", strconv.Itoa(o.NodeGrace))
		}
		for _, image := range images {
			args = append(args, "--image", image)
		}
		if err := loud(script("kubernetes.sh", args...)); err != nil {
			return 1, err
		}
		defer func() { err = errors.Join(err, loud(script("kubernetes.sh", "down"))) }()
	}
	run := script("kubernetes.sh", append([]string{"exec", os.Args[0]}, os.Args[1:]...)...)
	run.Env = append(os.Environ(), inside+"=1")
	err = loud(run)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		if ours {
			_ = loud(script("kubernetes.sh", "logs")) // what else there is to see
		}
		return ended.ExitCode(), nil
	}
	return 0, err
}

func loud(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// dir is the folder of the scripts.
func dir() string {
	_, file, _, _ := runtime.Caller(0)
	if d := filepath.Dir(file); filepath.IsAbs(d) {
		return d
	}
	// Built with -trimpath: the tests run in their package's folder.
	for at, err := os.Getwd(); err == nil && at != "/"; at = filepath.Dir(at) {
		if d := filepath.Join(at, "test", "kubernetes"); exists(filepath.Join(d, "kubernetes.sh")) {
			return d
		}
	}
	return "."
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func script(name string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(dir(), name), args...)
}

// Run calls kubernetes.sh for the cluster, such as "partition", "2", and
// answers with its output.
func Run(args ...string) (string, error) {
	out, err := script("kubernetes.sh", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubernetes.sh %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// Must is Run that ends the test when it does not succeed.
func Must(t testing.TB, args ...string) string {
	t.Helper()
	out, err := Run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Kubectl runs kubectl with some standard input, as the cluster's admin, and
// answers with its standard output. It is on the PATH in the cluster's network.
func Kubectl(stdin string, args ...string) (string, error) {
	cmd := exec.Command("kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, errors.String())
	}
	return out.String(), nil
}

// Namespace makes a namespace that goes away with the test, and waits until
// pods can be made in it.
func Namespace(t testing.TB, name string, labels ...string) string {
	t.Helper()
	if _, err := Kubectl("", "create", "namespace", name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := Kubectl("", "delete", "namespace", name, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	for _, label := range labels {
		if _, err := Kubectl("", "label", "namespace", name, label); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Kubectl("", "-n", name, "wait", "--for=create", "--timeout=120s", "serviceaccount/default"); err != nil {
		t.Fatal(err)
	}
	return name
}

// WeirImage makes the file of an image with the static binary of weir, run as
// user 9999, and the certificates of this machine's authorities.
func WeirImage(ref, binary, file string) error {
	args := []string{"-ref", ref, "-add", binary + "=/usr/bin/weir", "-entrypoint", "/usr/bin/weir", "-user", "9999", "-o", file}
	if certificates := "/etc/ssl/certs/ca-certificates.crt"; exists(certificates) {
		args = append(args, "-add", certificates+"="+certificates)
	}
	return mkimg(args...)
}

func mkimg(args ...string) error {
	home, err := script("build.sh", "--where").Output()
	if err != nil {
		return fmt.Errorf("find the cluster's programs: %w", err)
	}
	out, err := exec.Command(filepath.Join(strings.TrimSpace(string(home)), "bin", "mkimg"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make image %s: %w: %s", args[1], err, out)
	}
	return nil
}

// FlinkImage makes the file of the image weir.local/flink:VERSION of a Flink
// home, the folder VERSION, with this machine's Java.
func FlinkImage(home, folder string) (file string, err error) {
	file = filepath.Join(folder, "flink-"+filepath.Base(home)+".tar")
	java := filepath.Join(folder, "java.tar")
	if exists(file) {
		return file, nil
	}
	part := fmt.Sprintf("%s.%d", file, os.Getpid()) // others may make the same
	if !exists(java) {
		if out, err := script("images.sh", "java", part).CombinedOutput(); err != nil {
			return "", fmt.Errorf("make an image: %w: %s", err, out)
		}
		if err := os.Rename(part, java); err != nil {
			return "", err
		}
	}
	if err := mkimg("-ref", "weir.local/flink:"+filepath.Base(home), "-from", java, "-owner", "9999:9999", "-user", "9999", "-workdir", "/opt/flink",
		"-add", home+"=/opt/flink", "-env", "FLINK_HOME=/opt/flink", "-o", part); err != nil {
		return "", err
	}
	return file, os.Rename(part, file)
}
