package main

import (
	"os"
	"testing"

	"github.com/weir-streams/weir/test/postgres"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(farmEnv); url != "" {
		os.Exit(serveOnFarm(url))
	}
	os.Exit(postgres.Main(m))
}

// TestTwoServersShareADatabase: one of them leads; the other takes over when
// it ends, and both answer for everything meanwhile.
func TestTwoServersShareADatabase(t *testing.T) {
	url := postgres.URL(t)
	t.Run("the first leads", func(t *testing.T) {
		first := startPlatform(t, "--database", url)
		first.weirIn(orders, "apply", "-f", "-", "--wait").exits(0).prints("is RUNNING after")
		second := startPlatform(t, "--database", url)
		second.weir("get", "deployments").exits(0).prints("orders", "RUNNING")
		second.weir("suspend", "orders", "--wait").exits(0).prints("is SUSPENDED after")
	})
	t.Run("another takes over", func(t *testing.T) {
		third := startPlatform(t, "--database", url)
		third.weirIn("", "cancel", "orders", "--wait").exits(0).prints("is CANCELLED after")
	})
}
