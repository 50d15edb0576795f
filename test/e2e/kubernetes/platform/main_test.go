package platform_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/test/flink"
	"github.com/weir-streams/weir/test/kubernetes"
	"github.com/weir-streams/weir/test/postgres"
	"github.com/weir-streams/weir/test/s3"
)

// Both images have the binary under test. The second one is what the platform
// is upgraded to.
const (
	repository = "weir.local/weir"
	tag        = "test-1"
	nextTag    = "test-2"
)

// outside is the address at which pods reach servers of these tests: node 1's.
const outside = "10.89.0.1"

func TestMain(m *testing.M) {
	if os.Getenv("WEIR_E2E_KUBERNETES") == "" {
		fmt.Println("skipped: WEIR_E2E_KUBERNETES is not set")
		return
	}
	// Users of pods are chosen by an admission policy, as on OpenShift.
	if err := os.Setenv("APISERVER_FLAGS", "--feature-gates=MutatingAdmissionPolicy=true --runtime-config=admissionregistration.k8s.io/v1beta1=true"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	postgres.Address = outside
	os.Exit(kubernetes.Main(m, kubernetes.Options{Name: "platform", Nodes: 2, NodeGrace: 12, Prepare: prepare, Run: postgres.Main}))
}

// folder has what is made for the tests.
var folder = filepath.Join(os.TempDir(), "weir-e2e-platform")

// programs has those of Flink.
var programs = filepath.Join(os.TempDir(), "weir-e2e-kubernetes", "platform")

// helmProgram is helm of the version that test/helm pins.
var helmProgram = filepath.Join(folder, "helm")

// prepare makes all that needs the world outside of the cluster.
func prepare() (images []string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	binary := os.Getenv("WEIR_BINARY")
	if binary == "" {
		binary = filepath.Join(folder, "weir")
		if err := goRun("", "build", "-trimpath", "-o", binary, "../../../../cmd/weir"); err != nil {
			return nil, err
		}
		if err := os.Setenv("WEIR_BINARY", binary); err != nil {
			return nil, err
		}
	}
	if err := goRun("../../../helm", "build", "-trimpath", "-o", helmProgram, "helm.sh/helm/v3/cmd/helm"); err != nil {
		return nil, err
	}
	for _, tag := range []string{tag, nextTag} {
		image := filepath.Join(folder, tag+".tar")
		if err := goRun("", "run", "-trimpath", "../../../../deploy/image", "-binary", binary, "-name", repository, "-version", tag, "-o", image); err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	if _, err := s3.Install(); err != nil {
		return images, err
	}
	home, err := flink.Install(flink.Newest)
	if err != nil {
		return images, err
	}
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return images, err
	}
	image, err := kubernetes.FlinkImage(home.Dir, filepath.Dir(programs)) // the same for all
	if err != nil {
		return images, err
	}
	// Maven reaches its repository from outside the cluster's network only.
	_, _, err = flink.BuildPrograms(programs, flink.Newest)
	return append(images, image), err
}

func goRun(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %v: %w: %s", args, err, out)
	}
	return nil
}
