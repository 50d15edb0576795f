package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// doubled is a Python program with a function of its own.
const doubled = `
import sys
from pyflink.table import EnvironmentSettings, TableEnvironment, DataTypes
from pyflink.table.udf import udf

@udf(result_type=DataTypes.BIGINT())
def double(i):
    return 2 * i

t = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
t.create_temporary_function("twice", double)
t.execute_sql("CREATE TABLE numbers (i BIGINT) WITH ('connector' = 'datagen', 'fields.i.kind' = 'sequence', 'fields.i.start' = '0', 'fields.i.end' = '99')")
t.execute_sql("CREATE TABLE doubled (i BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv')" % sys.argv[1])
t.execute_sql("INSERT INTO doubled SELECT twice(i) FROM numbers")
`

// TestFlinkPython runs a Python program where WEIR_PYFLINK names a Python with
// PyFlink; without PyFlink a deployment says what is missing.
func TestFlinkPython(t *testing.T) {
	unlessAll(t)
	p := onFlink(t, flink.Newest)
	program := filepath.Join(p.data, "doubled.py")
	if err := os.WriteFile(program, []byte(doubled), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(p.data, "out")
	bare := filepath.Join(p.data, "python")
	if err := os.WriteFile(bare, []byte("#!/bin/sh\necho no such package >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	artifact := map[string]any{"kind": "PYTHON", "pythonArtifactUri": "file://" + program, "mainArgs": out}
	p.deployProgram("doubled", artifact)
	p.patch("doubled", template(map[string]any{"flinkConfiguration": map[string]any{"python.client.executable": bare}}))
	d := p.settle("doubled", resource.StateFailed)
	for _, want := range []string{bare + " has no PyFlink", "pip install apache-flink==" + flink.Newest, "python.client.executable"} {
		if !strings.Contains(d.Status.Message, want) {
			t.Errorf("%q does not say %q", d.Status.Message, want)
		}
	}
	python := os.Getenv("WEIR_PYFLINK")
	if python == "" {
		t.Log("WEIR_PYFLINK names no Python with PyFlink: no program is run")
		return
	}
	p.patch("doubled", template(map[string]any{"flinkConfiguration": map[string]any{"python.client.executable": python, "python.executable": python}}))
	p.settle("doubled", resource.StateFinished)
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprint(2*i))
	}
	checkOutput(t, p, "doubled", output(t, out), slices.Sorted(slices.Values(want)))
	p.removeAll("doubled")
}
