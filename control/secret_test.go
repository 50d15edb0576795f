package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/resource"
)

func TestReferencesAreReplaced(t *testing.T) {
	values := map[string]string{"A": "alpha", "b-1": `it's "b" ${A}`}
	value := func(name string) string { return values[name] }
	for _, tt := range []struct{ text, plain, sql string }{
		{"", "", ""},
		{"${A}", "alpha", "alpha"},
		{"x${A}y${A}", "xalphayalpha", "xalphayalpha"},
		{"$${A}", "${A}", "${A}"},
		{"$$${A}", "$${A}", "$${A}"},
		{"${}${A b}${A:-x}$A {A} ${", "${}${A b}${A:-x}$A {A} ${", "${}${A b}${A:-x}$A {A} ${"},
		{"'${b-1}'", `'it's "b" ${A}'`, `'it''s "b" ${A}'`},
		{"`${b-1}` ${A}", "`it's \"b\" ${A}` alpha", "`it's \"b\" ${A}` alpha"},
		{"-- ${A}\n${A}", "-- alpha\nalpha", "-- ${A}\nalpha"},
		{"/* ${A} */${A}/*+ OPTIONS('k'='${b-1}') */", `/* alpha */alpha/*+ OPTIONS('k'='it's "b" ${A}') */`, `/* ${A} */alpha/*+ OPTIONS('k'='it''s "b" ${A}') */`},
		{"'it''s ${A} -- ' ${A} /*", "'it''s alpha -- ' alpha /*", "'it''s alpha -- ' alpha /*"},
		{"'open ${A}", "'open alpha", "'open alpha"},
		{"/* open ${A}", "/* open alpha", "/* open ${A}"},
		{"a - ${A} / ${A}", "a - alpha / alpha", "a - alpha / alpha"},
	} {
		if got := expand(tt.text, value); got != tt.plain {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.plain)
		}
		if got := expandSQL(tt.text, value); got != tt.sql {
			t.Errorf("%s as SQL: %s, want %s", tt.text, got, tt.sql)
		}
	}
	if name, _, ok := referenceAt("${" + strings.Repeat("x", 251) + "}"); ok {
		t.Errorf("a name of 251 characters: %s", name)
	}
	if name, _, ok := referenceAt("${" + strings.Repeat("x", 250) + "}"); !ok {
		t.Errorf("a name of 250 characters: %s", name)
	}
}

// safe has secrets by namespace and name.
type safe map[string]resource.SecretValueSpec

func (s safe) GetByName(_ context.Context, namespace, name string) (resource.SecretValue, error) {
	spec, ok := s[namespace+"/"+name]
	switch {
	case !ok:
		return resource.SecretValue{}, resource.ErrNotFound
	case spec.Value == "down":
		return resource.SecretValue{}, errors.New("the database is away")
	}
	return resource.SecretValue{Spec: spec}, nil
}

func secretJob() resource.Job {
	j := resource.Job{Metadata: resource.Metadata{
		ID: "1-2", Namespace: "shop", DeploymentID: "d-1", DeploymentName: "orders", Annotations: map[string]string{AnnotationLauncher: "process"},
	}}
	j.Spec.FlinkConfiguration = map[string]string{"s3.secret-key": "${S3}", "dir": "/x/{{namespace}}/{{deploymentName}}/{{deploymentId}}/{{jobId}}"}
	j.Spec.Artifact.SQLScript = "CREATE TABLE t WITH ('password' = '${PW}') -- ${OLD}"
	j.Spec.Artifact.JarURI = "https://u:${PW}@host/{{deploymentName}}.jar"
	j.Spec.Catalog = []string{"CREATE TABLE a WITH ('k' = '${PW}')", "CREATE TABLE b WITH ('k' = '${GONE}')"}
	return j
}

func TestAVaultOpensForALaunchOnly(t *testing.T) {
	taken := &cluster.Hider{}
	environment := func(launcher, name string) (string, bool) { return "from-" + launcher, name == "S3" || name == "PW" }
	v := NewVault(safe{"shop/PW": {Value: "o'hara"}, "other/S3": {Value: "not yours"}}, environment, taken)
	j := secretJob()
	before := fmt.Sprint(j)
	got, put, err := v.Open(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprint(j); after != before {
		t.Errorf("the job was written into: %s", after)
	}
	want := map[string]string{"s3.secret-key": "from-process", "dir": "/x/shop/orders/d-1/1-2"}
	if !maps.Equal(got.Spec.FlinkConfiguration, want) {
		t.Errorf("configuration %v", got.Spec.FlinkConfiguration)
	}
	if got.Spec.Artifact.SQLScript != "CREATE TABLE t WITH ('password' = 'o''hara') -- ${OLD}" || got.Spec.Artifact.JarURI != "https://u:o'hara@host/orders.jar" {
		t.Errorf("artifact %+v", got.Spec.Artifact)
	}
	if c := got.Spec.Catalog; c[0] != "CREATE TABLE a WITH ('k' = 'o''hara')" || !strings.HasPrefix(c[1], "-- ${GONE} is neither a secret value of namespace \"shop\"") {
		t.Errorf("catalog %q", c)
	}
	slices.Sort(put)
	if put = slices.Compact(put); !slices.Equal(put, []string{"from-process", "o'hara"}) {
		t.Errorf("put in: %q", put)
	}
	if text := taken.Hidden().Text("o'hara, from-process"); text != "******, ******" {
		t.Errorf("shown: %s", text)
	}
	if j, put, err := (*Vault)(nil).Open(t.Context(), j); err != nil || put != nil || j.Spec.FlinkConfiguration["dir"] != want["dir"] || j.Spec.FlinkConfiguration["s3.secret-key"] != "${S3}" {
		t.Errorf("without a vault: %v, %v, %v", j.Spec.FlinkConfiguration, put, err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	j := secretJob()
	for _, tt := range []struct {
		name    string
		secrets safe
		want    []string
		is      error
	}{
		{"both", nil, []string{`${PW} is neither a secret value of namespace "shop"`, "${S3} is neither"}, ErrNoSecret},
		{"one that cannot be read", safe{"shop/PW": {Unreadable: "it is sealed with key 12"}, "shop/S3": {Value: "s"}}, []string{`the value of secret "PW" in namespace "shop" cannot be read: it is sealed with key 12`}, ErrNoSecret},
		{"the database", safe{"shop/PW": {Value: "down"}}, []string{"the database is away"}, ErrVault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := NewVault(tt.secrets, nil, nil)
			_, put, err := v.Open(t.Context(), j)
			if !errors.Is(err, tt.is) || len(put) > 0 {
				t.Errorf("%v, %v", put, err)
			}
			problem, checkErr := v.Check(t.Context(), "shop", "process", j.Spec.JobTemplate)
			if checkErr != nil {
				problem = checkErr.Error()
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) || !strings.Contains(problem, want) {
					t.Errorf("%v; %s; want %q", err, problem, want)
				}
			}
		})
	}
	j.Spec.Kubernetes = map[string]any{"pods": map[string]any{"envVars": []any{
		map[string]any{"name": "PW", "value": "x"}, map[string]any{"name": "S3", "value": "y"},
	}}}
	if problem, err := NewVault(safe{}, nil, nil).Check(t.Context(), "shop", "kubernetes", j.Spec.JobTemplate); problem != "" || err != nil {
		t.Errorf("variables of the pods: %s, %v", problem, err)
	}
}
