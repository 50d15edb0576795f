package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/standalone"
)

// flinkPodCommand is the main process of a pod of Flink: the JobManager and who
// answers for it, or a TaskManager.
func flinkPodCommand(role, short string) *cobra.Command {
	var at podPlace
	var parts flinkParts
	pod := &standalone.Pod{}
	c := &cobra.Command{
		Use:   role + " --dir DIR --spec FILE",
		Short: short + " (started in pods, not by people)",
		Long: short + `. The image brings Flink and Java; memory, class path and configuration
follow from the cluster's spec.`,
		Example: example("weir flink " + role + " --dir /weir/run --spec /weir/spec/spec.json --listen :8081 --home /opt/flink"),
		Args:    cobra.NoArgs,
	}
	if role == "taskmanager" {
		c.Use += " [-- ARGUMENTS]"
		c.Args = func(_ *cobra.Command, args []string) error {
			if len(args) > 0 && !pod.Native {
				return usagef("arguments are for a TaskManager of Flink's native mode: --native")
			}
			return nil
		}
	}
	at.flags(c)
	c.Flags().StringArrayVar(&parts.places, "home", []string{"/opt/flink"}, "folder with an installation of Flink")
	c.Flags().StringVar(&pod.JobManager, "jobmanager", "", "name by which TaskManagers find the JobManager")
	c.Flags().StringVar(&pod.Address, "address", "127.0.0.1", "address of this pod")
	c.Flags().StringVar(&pod.Name, "name", role, "name of this pod")
	c.Flags().BoolVar(&pod.Native, "native", false, "Flink's native mode: the JobManager has Kubernetes make the pods of TaskManagers, and tells each by ARGUMENTS what to be")
	c.RunE = func(c *cobra.Command, args []string) error {
		parts.pod = pod
		if role == "taskmanager" {
			pod.Arguments, pod.JVMOptions = args, strings.Fields(os.Getenv("FLINK_TM_JVM_MEM_OPTS"))
			return runTaskManager(c.Context(), at, parts)
		}
		life, spec, err := at.enter()
		if err != nil {
			return err
		}
		return serveFlink(c.Context(), life, spec, at.output(life), parts)
	}
	return c
}

// runTaskManager becomes the TaskManager: the process is Java from then on.
func runTaskManager(ctx context.Context, at podPlace, parts flinkParts) error {
	if at.listen == "" {
		at.listen = ":0" // of a pod, and it is not listened at
	}
	life, spec, err := at.enter()
	if err != nil {
		return err
	}
	secrets := &cluster.Hider{}
	secrets.Add(spec.Hidden)
	log := slog.New(slog.NewTextHandler(secrets.Writer(os.Stderr), nil)).With("cluster", spec.Incarnation())
	c, err := prepareFlink(ctx, life, spec, parts, &flinkFront{life: life}, secrets, log)
	if err != nil {
		return err
	}
	cmd := c.TaskManager()
	if err := os.Chdir(cmd.Dir); err != nil {
		return fmt.Errorf("start the TaskManager: %w", err)
	}
	if err := syscall.Exec(cmd.Path, cmd.Args, cmd.Env); err != nil {
		return fmt.Errorf("start the TaskManager %s: %w", cmd.Path, err)
	}
	return nil
}

func podInitCommand() *cobra.Command {
	var to, files string
	c := &cobra.Command{
		Use:   "pod-init --to DIR",
		Short: "Bring weir and files into a pod (an init container, not for people)",
		Long: `Copy this program to DIR/weir, for containers of other images, and fetch the
files that FILE lists, a JSON array of url, sha256, token and to.`,
		Example: example("weir pod-init --to /weir/bin --files /weir/spec/files.json"),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			if err := copyProgram(self, filepath.Join(to, "weir")); err != nil {
				return fmt.Errorf("copy this program: %w", err)
			}
			return fetchAll(c, self, files)
		},
	}
	c.Flags().StringVar(&to, "to", "", "folder to copy this program to")
	c.Flags().StringVar(&files, "files", "", "list of files to fetch; one that is not there lists none")
	_ = c.MarkFlagRequired("to") // the flag is defined right above
	return c
}

func copyProgram(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

func fetchAll(c *cobra.Command, self, list string) error {
	if list == "" {
		return nil
	}
	b, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the list of files: %w", err)
	}
	var files []cluster.File
	if err := json.Unmarshal(b, &files); err != nil {
		return fmt.Errorf("read the list of files %s: %w", list, err)
	}
	for _, f := range files {
		if err := fetchFile(c.Context(), self, f); err != nil {
			return fmt.Errorf("fetch %s: %w", f.To, err)
		}
	}
	return nil
}

// fetchFile fetches a file by a process of its own, which has the token.
func fetchFile(ctx context.Context, self string, f cluster.File) error {
	if err := os.MkdirAll(filepath.Dir(f.To), 0o755); err != nil {
		return err
	}
	last := &tail{}
	cmd := exec.CommandContext(ctx, self, "fetch", "--url", f.URL, "--sha256", f.SHA256, "--to", f.To)
	cmd.Env = append(os.Environ(), "WEIR_FETCH_TOKEN="+f.Token)
	cmd.Stdout, cmd.Stderr = os.Stdout, io.MultiWriter(os.Stderr, last)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, last)
	}
	return nil
}

// tail keeps the last words of a process.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-1000):]
	return len(b), nil
}

func (t *tail) String() string { return cluster.Words(string(t.text)) }
