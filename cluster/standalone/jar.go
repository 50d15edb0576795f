package standalone

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
)

// sqlRun is sqlrun/SqlRun.java, compiled for Java 8 against Flink 1.20.
//
//go:embed sqlrun/SqlRun.class
var sqlRun []byte

// Entry classes of SQL scripts: Flink 2 has its own, for earlier versions we
// bring one.
const (
	sqlDriver   = "org.apache.flink.table.runtime.application.SqlDriver"
	sqlRunClass = "SqlRun"
)

// scriptJar is the jar to run scripts by: a JobManager wants one, also when the
// program is a part of Flink.
func scriptJar() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name    string
		content []byte
	}{{"META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\n\n")}, {"SqlRun.class", sqlRun}} {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write(f.content)
		}
		if err != nil {
			return nil, fmt.Errorf("make the jar for scripts: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("make the jar for scripts: %w", err)
	}
	return b.Bytes(), nil
}
