package distribution

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Planner writes the SQL planner's own jar to a folder and returns where it is.
// In an installation it is within another jar, which hides its classes.
func (h Home) Planner(dir string) (string, error) {
	const prefix, name = "flink-table-planner-loader-", "flink-table-planner.jar"
	for _, jar := range h.Lib {
		if !strings.HasPrefix(filepath.Base(jar), prefix) {
			continue
		}
		z, err := zip.OpenReader(jar)
		if err != nil {
			return "", fmt.Errorf("read the planner of Flink %s: %w", h.Version, err)
		}
		defer z.Close()
		from, err := z.Open(name)
		if err != nil {
			return "", fmt.Errorf("read the planner of Flink %s: %w", h.Version, err)
		}
		defer from.Close()
		to, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return "", fmt.Errorf("read the planner of Flink %s: %w", h.Version, err)
		}
		_, err = io.Copy(to, from)
		if err = errors.Join(err, to.Close()); err != nil {
			return "", fmt.Errorf("read the planner of Flink %s: %w", h.Version, err)
		}
		return to.Name(), nil
	}
	return "", fmt.Errorf("lib of %s has no %s*.jar", h.Dir, prefix)
}
