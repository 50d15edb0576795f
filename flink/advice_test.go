package flink

import (
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	for failure, want := range map[string]struct {
		word  string
		final bool
	}{
		"IllegalStateException: Failed to rollback to checkpoint/savepoint file:/s. Cannot map checkpoint/savepoint state for operator 20ba to the new program": {"uids", true},
		"ValidationException: Could not find any factory for identifier 'kafka' that implements":                                                                {"connector", true},
		"NoResourceAvailableException: Could not acquire the minimum required resources.":                                                                       {"slots", false},
		"ProgramInvocationException: The main method caused an error: no\n\tat X\nCaused by: java.lang.NoClassDefFoundError: org/x/Y":                           {"jar", true},
		"ProgramInvocationException: The main method caused an error: no":                                                                                       {"main", true},
		"FileNotFoundException: Cannot find checkpoint or savepoint file/directory 'x' on file system 'file'.":                                                  {"reset", true},
		"java.io.IOException: no space left on device":                                                                                                          {"", false},
	} {
		if do, final := Advice(failure); final != want.final || !strings.Contains(do, want.word) || want.word == "" && do != "" {
			t.Errorf("%s: %q %v", failure, do, final)
		}
	}
}
