package distribution

import (
	"archive/zip"
	"fmt"
	"io/fs"
)

// WebUI are the files of Flink's own web UI, index.html and what it loads, as
// they are in the installation. Close gives them back.
func (h Home) WebUI() (*WebUI, error) {
	z, err := zip.OpenReader(h.Lib[len(h.Lib)-1])
	if err != nil {
		return nil, fmt.Errorf("read the web UI of Flink %s: %w", h.Version, err)
	}
	files, err := fs.Sub(z, "web")
	if err == nil {
		_, err = fs.Stat(files, "index.html")
	}
	if err != nil {
		_ = z.Close() // opened for reading only
		return nil, fmt.Errorf("read the web UI of Flink %s: %w", h.Version, err)
	}
	return &WebUI{FS: files, jar: z}, nil
}

// WebUI is a file system in a jar.
type WebUI struct {
	fs.FS
	jar *zip.ReadCloser
}

// Close closes the jar.
func (u *WebUI) Close() error { return u.jar.Close() }
