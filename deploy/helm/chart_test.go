package helm

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var rewrite = flag.Bool("rewrite", false, "write the expected manifests anew")

// helm runs helm on the chart of this folder.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	chart, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		switch {
		case a == "CHART":
			args[i] = chart
		case strings.HasPrefix(a, "ci/"):
			args[i] = filepath.Join(chart, a)
		}
	}
	program := os.Getenv("WEIR_HELM")
	if program == "" {
		program = filepath.Join(chart, "..", "..", "build", "helm")
	}
	if _, err := os.Stat(program); err != nil {
		t.Skipf("there is no %s: make build/helm", program)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), errors.New(errs.String() + out.String())
	}
	return out.String(), nil
}

// random are the values of keys that helm makes up.
var random = regexp.MustCompile(`(?m)^(  (?:secret\.key|session\.key|bootstrap-token)): \S{20,}$`)

func TestChart(t *testing.T) {
	sets, err := filepath.Glob("ci/*.yaml")
	if err != nil || len(sets) < 5 {
		t.Fatalf("%d sets of values, %v", len(sets), err)
	}
	for _, set := range sets {
		t.Run(filepath.Base(set), func(t *testing.T) {
			if out, err := helm(t, "lint", "--strict", "CHART", "-f", set); err != nil {
				t.Errorf("lint: %v\n%s", err, out)
			}
			got, err := helm(t, "template", "streams", "CHART", "--kube-version", "1.34.0", "--namespace", "weir", "-f", set)
			if err != nil {
				t.Fatal(err)
			}
			got = random.ReplaceAllString(got, "$1: RANDOM")
			golden := filepath.Join("testdata", filepath.Base(set))
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the chart makes something else than %s; run with -rewrite and look at the difference", golden)
			}
			restricted(t, got)
		})
	}
}

// restricted checks every pod of a manifest against what restricted pod
// security asks for, and that no right is for the whole cluster.
func restricted(t *testing.T, manifests string) {
	d := yaml.NewDecoder(strings.NewReader(manifests))
	pods := 0
	for {
		var o struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						SecurityContext struct {
							RunAsNonRoot   bool              `yaml:"runAsNonRoot"`
							SeccompProfile map[string]string `yaml:"seccompProfile"`
						} `yaml:"securityContext"`
						Containers []struct {
							SecurityContext struct {
								AllowPrivilegeEscalation *bool               `yaml:"allowPrivilegeEscalation"`
								ReadOnlyRootFilesystem   bool                `yaml:"readOnlyRootFilesystem"`
								Capabilities             map[string][]string `yaml:"capabilities"`
							} `yaml:"securityContext"`
						}
					}
				}
			}
		}
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch o.Kind {
		case "ClusterRole", "ClusterRoleBinding":
			t.Errorf("a %s is made", o.Kind)
		case "Deployment":
			pods++
			p := o.Spec.Template.Spec
			if !p.SecurityContext.RunAsNonRoot || p.SecurityContext.SeccompProfile["type"] != "RuntimeDefault" {
				t.Errorf("the pod is not restricted: %+v", p.SecurityContext)
			}
			for _, c := range p.Containers {
				s := c.SecurityContext
				if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || strings.Join(s.Capabilities["drop"], "") != "ALL" {
					t.Errorf("a container is not restricted: %+v", s)
				}
			}
		}
	}
	if pods == 0 {
		t.Error("no pod is made")
	}
}

func TestRefusedValues(t *testing.T) {
	for set, want := range map[string]string{
		"vvp.persistence.datasource.url=postgres://x/y":                             "vvp.persistence.type is local",
		"vvp.persistence.type=jdbc":                                                 "set vvp.persistence.datasource.url",
		"vvp.persistence.type=jdbc,vvp.persistence.datasource.url=jdbc:mysql://x/y": "only PostgreSQL is supported",
		"vvp.persistence.type=other":                                                "/vvp/persistence/type",
		"replicaCount=2":                                                            "set vvp.persistence.type to jdbc",
		"replicaCount=0":                                                            "replicaCount",
		"replicaCount=2,vvp.persistence.type=jdbc,vvp.persistence.datasource.url=postgres://x/y": "uploaded files must be where all servers see them",
		"vvp.blobStorage.baseUri=gs://x/y": "only s3://BUCKET/PREFIX is supported",
		"vvp.auth.oidc.issuer=https://x":   "set externalUrl too",
		"ingress.enabled=true":             "set ingress.hosts",
		"persistance.type=jdbc":            "persistance",
	} {
		_, err := helm(t, "template", "x", "CHART", "--kube-version", "1.34.0", "--set", set)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}
