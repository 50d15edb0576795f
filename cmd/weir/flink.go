package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/flink/distribution"
)

func flinkCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "flink",
		Short: "Apache Flink on this machine", Example: example("weir flink install 2.3.0\nweir flink list"),
		Long: `Deployments on a deployment target with spec.launcher: flink run on Apache Flink
itself, as processes of this machine. Several versions may be installed side by
side; a deployment's flinkVersion picks one, else the newest is taken.

Installations are looked for in the folders that WEIR_FLINK_PATH names, in flink
below the data folder, and in $FLINK_HOME.`,
	}
	c.AddCommand(flinkListCommand(s), flinkDoctorCommand(s), flinkInstallCommand(s), flinkJarCommand(s), flinkClusterCommand(),
		flinkPodCommand("jobmanager", "Run the JobManager of a Flink cluster"), flinkPodCommand("taskmanager", "Run a TaskManager of a Flink cluster"))
	return c
}

// flinkPlaces are the folders in which Flink is looked for.
func flinkPlaces(getenv func(string) string, data string) []string {
	places := filepath.SplitList(getenv("WEIR_FLINK_PATH"))
	places = append(places, filepath.Join(data, "flink"))
	if home := getenv("FLINK_HOME"); home != "" {
		places = append(places, home)
	}
	return places
}

// flinkHome is an installation and what is wrong with it.
type flinkHome struct {
	Version  string                 `json:"version"`
	Dir      string                 `json:"dir"`
	Java     string                 `json:"java,omitempty"`
	Problems []distribution.Problem `json:"problems"`
}

func (s *session) flinkHomes(c *cobra.Command, data string) ([]flinkHome, error) {
	homes, err := distribution.Find(flinkPlaces(s.getenv, data)...)
	if err != nil {
		return nil, err
	}
	java, javaErr := distribution.FindJava(c.Context())
	out := []flinkHome{}
	for _, h := range homes {
		f := flinkHome{Version: h.Version, Dir: h.Dir, Java: java.Version, Problems: []distribution.Problem{}}
		if javaErr != nil {
			f.Problems = append(f.Problems, distribution.Problem{What: javaErr.Error(), Mend: "install Java 17", Fatal: true})
		} else {
			f.Problems = append(f.Problems, distribution.Check(h, java)...)
		}
		out = append(out, f)
	}
	return out, nil
}

func (f flinkHome) works() bool {
	for _, p := range f.Problems {
		if p.Fatal {
			return false
		}
	}
	return true
}

func flinkListCommand(s *session) *cobra.Command {
	var data, output string
	c := &cobra.Command{
		Use: "list", Short: "List the installations of Apache Flink", Example: example("weir flink list"), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			homes, err := s.flinkHomes(c, data)
			if err != nil {
				return err
			}
			switch output {
			case "json":
				return json.NewEncoder(s.out).Encode(homes)
			case "table":
			default:
				return usagef("--output must be table or json, got %q", output)
			}
			if len(homes) == 0 {
				s.noticef("no Apache Flink in %s; weir flink install 2.3.0 fetches one", strings.Join(flinkPlaces(s.getenv, data), ", "))
				return nil
			}
			fmt.Fprintf(s.out, "%-10s %-8s %-8s %s\n", "VERSION", "WORKS", "LACKS", "FOLDER")
			for _, h := range homes {
				works := "yes"
				if !h.works() {
					works = "no"
				}
				fmt.Fprintf(s.out, "%-10s %-8s %-8d %s\n", h.Version, works, len(h.Problems), h.Dir)
			}
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", defaultData(s.getenv), "the server's data folder")
	c.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return c
}

func flinkDoctorCommand(s *session) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "doctor", Short: "Say what the installations lack and how to mend it", Example: example("weir flink doctor"), Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			homes, err := s.flinkHomes(c, data)
			if err != nil {
				return err
			}
			if len(homes) == 0 {
				return fmt.Errorf("there is no Apache Flink in %s: weir flink install 2.3.0 fetches one", strings.Join(flinkPlaces(s.getenv, data), ", "))
			}
			broken := 0
			for _, h := range homes {
				fmt.Fprintf(s.out, "Flink %s in %s, Java %s\n", h.Version, h.Dir, h.Java)
				for _, p := range h.Problems {
					mark := "lacks"
					if p.Fatal {
						mark = "fails"
					}
					fmt.Fprintf(s.out, "  %s  %s\n         %s\n", mark, p.What, p.Mend)
				}
				if len(h.Problems) == 0 {
					fmt.Fprintln(s.out, "  nothing is missing")
				}
				if !h.works() {
					broken++
				}
			}
			if broken == len(homes) {
				return &exitError{code: 1, err: errors.New("no installation works")}
			}
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", defaultData(s.getenv), "the server's data folder")
	return c
}

func flinkInstallCommand(s *session) *cobra.Command {
	var data, dir string
	var s3 bool
	c := &cobra.Command{
		Use: "install VERSION", Short: "Fetch a version of Apache Flink",
		Long: `Fetch a version of Apache Flink: its lib, opt and plugins from the distribution's
package in the Python package index (or WEIR_PYPI_INDEX), what that lacks from Maven
Central (or WEIR_MAVEN_REPOSITORY), all checked against published checksums. Neither
Python nor Maven is needed for that; to run, Flink needs a Java runtime.`,
		Example: example("weir flink install 2.3.0\nweir flink install 1.20.5 --dir /opt/flink/1.20.5"), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if dir == "" {
				dir = filepath.Join(data, "flink", args[0])
			}
			h, err := distribution.Install(c.Context(), distribution.Order{
				Version: args[0], Dir: dir, S3: s3, Index: s.getenv("WEIR_PYPI_INDEX"), Repository: s.getenv("WEIR_MAVEN_REPOSITORY"),
				Progress: func(what string) { s.progressf("%s", what) },
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Flink %s is in %s\n", h.Version, h.Dir)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", defaultData(s.getenv), "the server's data folder")
	c.Flags().StringVar(&dir, "dir", "", "folder to make; default flink/VERSION in the data folder")
	c.Flags().BoolVar(&s3, "s3", false, "with the file system for s3://")
	return c
}

func flinkJarCommand(s *session) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "jar GROUP:ARTIFACT:VERSION", Short: "Fetch a jar, such as a connector, for all clusters",
		Long: `Fetch a jar from Maven Central (or WEIR_MAVEN_REPOSITORY) into flink/jars below the
data folder, from where it is on the class path of every cluster that starts from
then on. For one deployment alone, name maven:GROUP:ARTIFACT:VERSION in its
artifact.additionalDependencies.`,
		Example: example("weir flink jar org.apache.flink:flink-sql-connector-kafka:4.0.1-2.0"), Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := distribution.FetchJar(c.Context(), distribution.Jar{
				Coordinates: args[0], Dir: filepath.Join(data, "flink", "jars"), Repository: s.getenv("WEIR_MAVEN_REPOSITORY"),
				Progress: func(what string) { s.progressf("%s", what) },
			})
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, path)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", defaultData(s.getenv), "the server's data folder")
	return c
}

// flinkJars are the jars that every cluster gets besides Flink's own.
func flinkJars(dir string) ([]string, error) {
	jars, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return nil, fmt.Errorf("look for connectors in %s: %w", dir, err)
	}
	if _, err := os.Stat(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("look for connectors: %w", err)
	}
	return jars, nil
}
