package kubernetes_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/test/flink"
	"github.com/weir-streams/weir/test/kubernetes"
)

// weirImage is the name of weir's image in the cluster.
const weirImage = "weir.local/weir:test"

func TestMain(m *testing.M) {
	if os.Getenv("WEIR_E2E_KUBERNETES") == "" {
		fmt.Println("skipped: WEIR_E2E_KUBERNETES is not set")
		return
	}
	os.Exit(kubernetes.Main(m, kubernetes.Options{Name: "e2e", Nodes: 2, NodeGrace: 12, Prepare: images}))
}

// files is the folder of images and logs, one for each cluster.
func files() string {
	return filepath.Join(os.TempDir(), "weir-e2e-kubernetes", os.Getenv("CLUSTER"))
}

// images makes the image of the binary under test.
func images() ([]string, error) {
	folder := files()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	binary := os.Getenv("WEIR_BINARY")
	if binary == "" {
		binary = filepath.Join(folder, "weir")
		if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "../../../cmd/weir").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build weir: %w: %s", err, out)
		}
		if err := os.Setenv("WEIR_BINARY", binary); err != nil {
			return nil, err
		}
	}
	image := filepath.Join(folder, "weir.tar")
	images := []string{image}
	if err := kubernetes.WeirImage(weirImage, binary, image); err != nil {
		return nil, err
	}
	if os.Getenv("WEIR_E2E_KUBERNETES") == "engine" {
		return images, nil // no test of Flink is wanted
	}
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		home, err := flink.Install(version)
		if err != nil {
			return nil, err
		}
		image, err := kubernetes.FlinkImage(home.Dir, filepath.Dir(folder)) // the same for all
		if err != nil {
			return nil, err
		}
		images = append(images, image)
		// Maven reaches its repository from outside the cluster's network only.
		if _, _, err := flink.BuildPrograms(folder, version); err != nil {
			return nil, err
		}
	}
	return images, nil
}
