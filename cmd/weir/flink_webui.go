package main

import (
	"io/fs"
	"sync"

	"github.com/weir-streams/weir/flink/distribution"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// flinkWebUI are the files of the web UI of an installation of Flink: of the
// version whose REST API our engine has, else of the newest. It is looked for
// when somebody wants it, and kept open from then on.
type flinkWebUI struct {
	places []string

	mu sync.Mutex
	ui *distribution.WebUI
}

func (f *flinkWebUI) Open(name string) (fs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ui == nil {
		homes, err := distribution.Find(f.places...)
		if err != nil {
			return nil, err
		}
		if len(homes) == 0 {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		home, err := distribution.Pick(homes, jobmanager.Version)
		if err != nil {
			home = homes[0]
		}
		if f.ui, err = home.WebUI(); err != nil {
			return nil, err
		}
	}
	return f.ui.Open(name)
}

// Close closes the installation's jar.
func (f *flinkWebUI) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ui == nil {
		return nil
	}
	return f.ui.Close()
}
