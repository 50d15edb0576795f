// Package flink gives tests a real Apache Flink: jars in the user's cache, fetched
// once for the machine as `weir flink install` does, and the Java to run them.
//
// A test is skipped only if no Flink can be had, and says why.
package flink

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/flink/distribution"
)

// Versions that the platform is tested with, the newest first.
const (
	Newest   = "2.3.0"
	LongTerm = "1.20.5"
)

// Home is an installation of a version.
func Home(t testing.TB, version string) distribution.Home {
	t.Helper()
	h, err := Install(version)
	if err != nil {
		t.Skipf("no Apache Flink %s: %v", version, err)
	}
	return h
}

// Install is Home outside of a test.
func Install(version string) (distribution.Home, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return distribution.Home{}, err
	}
	dir := filepath.Join(cache, "weir", "flink")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return distribution.Home{}, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return distribution.Home{}, err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return distribution.Home{}, fmt.Errorf("lock the installation of Flink: %w", err)
	}
	if err := java(); err != nil {
		return distribution.Home{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	return distribution.Install(ctx, distribution.Order{
		Version: version, Dir: filepath.Join(dir, version), Index: os.Getenv("WEIR_PYPI_INDEX"), Repository: os.Getenv("WEIR_MAVEN_REPOSITORY"),
	})
}

// java installs a Java from Debian if there is none and we may.
func java() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if _, err := distribution.FindJava(ctx); err == nil {
		return nil
	}
	return debian("java is missing", "openjdk-17-jdk-headless")
}
