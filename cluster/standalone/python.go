package standalone

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
)

// pythonDriver is Flink's program that runs Python programs.
const pythonDriver = "org.apache.flink.client.python.PythonDriver"

// Settings that name the Python to use, of the program and of its functions.
const (
	pythonClient  = "python.client.executable"
	pythonWorkers = "python.executable"
)

// python is the request to run a Python program.
func (c *Cluster) python(spec cluster.Spec, req flink.RunRequest) (flink.RunRequest, func() (io.ReadCloser, error), string, error) {
	refuse := func(format string, args ...any) (flink.RunRequest, func() (io.ReadCloser, error), string, error) {
		return req, nil, "", fmt.Errorf("%w: "+format, append([]any{cluster.ErrRefused}, args...)...)
	}
	driver := c.config.Home.Python
	if driver == "" {
		return refuse("Flink %s in %s lacks opt/flink-python-%s.jar, which runs Python programs; install it with `weir flink install`", c.config.Home.Version, c.config.Home.Dir, c.config.Home.Version)
	}
	if err := c.checkPython(spec); err != nil {
		return refuse("%w", err)
	}
	a := spec.Artifact
	req.EntryClass = pythonDriver
	if a.EntryModule != "" {
		req.Args = []string{"-pym", a.EntryModule, "-pyfs", strings.Join(append([]string{a.JarPath}, a.PythonLibraries...), ",")}
	} else {
		req.Args = []string{"-py", a.JarPath}
		if len(a.PythonLibraries) > 0 {
			req.Args = append(req.Args, "-pyfs", strings.Join(a.PythonLibraries, ","))
		}
	}
	if len(a.PythonArchives) > 0 {
		req.Args = append(req.Args, "-pyarch", strings.Join(a.PythonArchives, ","))
	}
	req.Args = append(req.Args, a.Args...)
	return req, func() (io.ReadCloser, error) {
		f, err := os.Open(driver)
		if err != nil {
			return nil, fmt.Errorf("open Flink's jar for Python: %w", err)
		}
		return f, nil
	}, jarName(driver), nil
}

// pythonOf is the Python that programs run with.
func pythonOf(config map[string]string) string {
	for _, key := range []string{pythonClient, pythonWorkers} {
		if config[key] != "" {
			return config[key]
		}
	}
	return "python3"
}

// checkPython tells whether a Python has PyFlink of the cluster's version.
func (c *Cluster) checkPython(spec cluster.Spec) error {
	python := pythonOf(spec.Configuration)
	mend := fmt.Sprintf("use an image that has Python and `apache-flink==%s` (artifact.flinkImageRepository, flinkImageTag), or name its Python in flinkConfiguration %s", c.config.Home.Version, pythonClient)
	if c.config.Pod == nil {
		mend = fmt.Sprintf("install it, in a virtual environment of its own, with `pip install apache-flink==%s`, and name that Python in flinkConfiguration %s", c.config.Home.Version, pythonClient)
	}
	path, err := exec.LookPath(python)
	if err != nil {
		return fmt.Errorf("there is no Python %q for Python programs; %s", python, mend)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-c", "import importlib.metadata as m; print(m.version('apache-flink'))").CombinedOutput()
	version := strings.TrimSpace(string(out))
	line := func(v string) string {
		major, rest, _ := strings.Cut(v, ".")
		minor, _, _ := strings.Cut(rest, ".")
		return major + "." + minor
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s has no PyFlink; %s", path, mend)
	case line(version) != line(c.config.Home.Version):
		return fmt.Errorf("%s has PyFlink %s, and the cluster runs Flink %s; %s", path, version, c.config.Home.Version, mend)
	}
	return nil
}
