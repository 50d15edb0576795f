package enginetest_test

import (
	"testing"

	"github.com/weir-streams/weir/engine/enginetest"
)

func TestScripts(t *testing.T) { enginetest.RunScripts(t, "testdata") }
