package flink

import "strings"

// advice says what to do about failures that people meet, by what Flink says.
// The first that fits counts.
var advice = []struct {
	said string
	do   string
	// final: it fails in the same way again.
	final bool
}{
	{"Cannot map checkpoint/savepoint state", "the state does not fit the changed program: give its operators the uids that they had, let state be dropped (restoreStrategy.allowNonRestoredState), or start empty (restoreStrategy NONE)", true},
	{"StateMigrationException", "the state does not fit the changed types: change them as Flink's schema evolution allows, or start empty (restoreStrategy NONE)", true},
	{"The new state serializer", "the state does not fit the changed types: change them as Flink's schema evolution allows, or start empty (restoreStrategy NONE)", true},
	{"max parallelism", "the state was written with another maximum of parallelism: set pipeline.max-parallelism to that", true},
	{"Cannot find checkpoint or savepoint file", "the state is not where it was: bring it back, reset to another savepoint, or start empty (restoreStrategy NONE)", true},
	{"Could not find any factory for identifier", "a connector or format is missing: put its jar into flink/jars below the data folder (weir flink jar GROUP:ARTIFACT:VERSION)", true},
	{"NoClassDefFoundError", "a jar is missing: build it into the artifact, or put it into flink/jars below the data folder (weir flink jar GROUP:ARTIFACT:VERSION)", true},
	{"ClassNotFoundException", "a jar or the entryClass is missing: build it into the artifact, or put it into flink/jars below the data folder (weir flink jar GROUP:ARTIFACT:VERSION)", true},
	{"NoResourceAvailableException", "there are not enough slots: raise numberOfTaskManagers or taskmanager.numberOfTaskSlots, or lower the parallelism", false},
	{"entry point class", "set artifact.entryClass to the class with the main method", true},
	{"OutOfMemoryError: Metaspace", "raise taskmanager.memory.jvm-metaspace.size or jobmanager.memory.jvm-metaspace.size", false},
	{"OutOfMemoryError", "raise resources.taskmanager.memory", false},
	{"No jobs included in application", "the program ends without a job: it needs an INSERT, or a call of execute", true},
	{"main method caused an error", "the main method of the program has thrown it", true},
}

// Advice says what to do about a failure, from its message or stack traces;
// empty if that says all that is known. Final tells that trying again would fail
// in the same way.
func Advice(failure string) (do string, final bool) {
	for _, a := range advice {
		if strings.Contains(failure, a.said) {
			return a.do, a.final
		}
	}
	return "", false
}
