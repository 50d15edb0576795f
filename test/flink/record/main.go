// Record runs cases of SQL on a real Apache Flink and writes down what it answers.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/weir-streams/weir/flink/distribution"
)

//go:embed Record.java
var program []byte

func main() {
	data := flag.String("data", "", "folder with the tables.sql and the files of the corpus")
	version := flag.String("flink", "2.3.0", "version of Apache Flink")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "record -data DATA IN OUT [IN OUT ...]; see test/flink/record/README.md")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := record(ctx, *version, *data, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context, version, data string, files []string) error {
	if data == "" || len(files) == 0 || len(files)%2 != 0 {
		return errors.New("want -data DATA and pairs of files IN OUT")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return err
	}
	java, err := distribution.FindJava(ctx)
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	home, err := distribution.Install(ctx, distribution.Order{
		Version: version, Dir: filepath.Join(cache, "weir", "flink", version), Index: os.Getenv("WEIR_PYPI_INDEX"), Repository: os.Getenv("WEIR_MAVEN_REPOSITORY"),
		Progress: func(what string) { fmt.Fprintln(os.Stderr, what) },
	})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := classPath(home, dir)
	if err != nil {
		return err
	}
	options, err := home.JavaOptions()
	if err != nil {
		return err
	}
	source, quiet := filepath.Join(dir, "Record.java"), filepath.Join(dir, "log4j.properties")
	if err := errors.Join(os.WriteFile(source, program, 0o600), os.WriteFile(quiet, []byte("rootLogger.level = OFF\n"), 0o600)); err != nil {
		return err
	}
	args := append(options, "-Xmx1500m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", "-Dlog4j.configurationFile=file:"+quiet, "-cp", path, source, data, filepath.Join(dir, "out"))
	cmd := exec.CommandContext(ctx, java.Path, append(args, files...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// classPath has the planner itself in place of the jar that hides it, and the
// gateway.
func classPath(home distribution.Home, dir string) (string, error) {
	if home.Gateway == "" {
		return "", fmt.Errorf("opt of %s has no flink-sql-gateway-*.jar: weir flink install %s adds it", home.Dir, home.Version)
	}
	planner, err := home.Planner(dir)
	if err != nil {
		return "", err
	}
	all := []string{planner, home.Gateway}
	for _, jar := range home.Lib {
		if !strings.HasPrefix(filepath.Base(jar), "flink-table-planner-loader-") {
			all = append(all, jar)
		}
	}
	return strings.Join(all, string(os.PathListSeparator)), nil
}
