package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// placeName is the file with the name of the folder. It moves with it.
const placeName = "place"

// Place names the folder of clusters: other launchers, on other folders, know
// nothing of what runs here.
func (l *Launcher) Place() string { return l.place }

// placeOf reads the name of a folder, and gives it one at the first time.
// Launchers that come at the same time agree.
func placeOf(dir string) (string, error) {
	path := filepath.Join(dir, placeName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		made := filepath.Join(dir, "."+placeName+"."+uuid.NewString())
		if err := writeFile(made, []byte(uuid.NewString()+"\n")); err != nil {
			return "", fmt.Errorf("name the folder of clusters: %w", err)
		}
		defer func() { _ = os.Remove(made) }()
		// A link, unlike a rename, never takes the place of another's.
		if err := os.Link(made, path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("name the folder of clusters: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("read the name of the folder of clusters: %w", err)
	}
	place := strings.TrimSpace(string(text))
	if place == "" {
		return "", fmt.Errorf("%s is empty; remove it only if no job runs in this folder", path)
	}
	return place, nil
}
