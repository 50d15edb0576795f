package resource

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// leastSchedule is the shortest time between two scheduled savepoints; what is
// wanted more often is a checkpoint.
const leastSchedule = time.Second

// savepoints checks schedule and retention.
func (p *problems) savepoints(s SavepointPolicy) {
	if s.Every != "" {
		switch d, err := ParseDuration(s.Every); {
		case err != nil:
			p.addf("spec.savepoints.every", "%v", err)
		case d < leastSchedule:
			p.addf("spec.savepoints.every", "must be at least %s, got %s", leastSchedule, quote(s.Every))
		}
	}
	if s.KeepFor != "" {
		switch d, err := ParseDuration(s.KeepFor); {
		case err != nil:
			p.addf("spec.savepoints.keepFor", "%v", err)
		case d <= 0:
			p.addf("spec.savepoints.keepFor", "must be above 0, got %s; leave it out to keep savepoints for ever", quote(s.KeepFor))
		}
	}
	if s.Keep < 0 {
		p.addf("spec.savepoints.keep", "must be at least 1, or 0 for all, got %d", s.Keep)
	}
}

const (
	keyMaxParallelism     = "pipeline.max-parallelism"
	defaultMaxParallelism = 128     // key groups of weir's engine
	mostMaxParallelism    = 1 << 15 // of Flink
)

// stateDirectories are the places in which the platform itself looks.
var stateDirectories = []string{
	"execution.checkpointing.dir", "execution.checkpointing.savepoint-dir", "state.checkpoints.dir", "state.savepoints.dir",
}

// configuration checks what of a template's Flink configuration the platform
// depends on; at ends with a dot.
func (p *problems) configuration(at string, t JobTemplate) {
	if _, ok := t.FlinkConfiguration[""]; ok {
		p.addf(at+"flinkConfiguration", "has an empty key")
	}
	for _, key := range []string{"execution.checkpointing.num-retained", "state.checkpoints.num-retained"} {
		n, err := strconv.Atoi(t.FlinkConfiguration[key])
		if err == nil && n <= t.DisasterCheckpointsDelay {
			p.addf(at+"flinkConfiguration."+key, "must be at least %d, one more than disasterCheckpointsDelay, or that checkpoint would be gone before the next one is kept, got %d", t.DisasterCheckpointsDelay+1, n)
		}
	}
	for _, key := range stateDirectories {
		if v := t.FlinkConfiguration[key]; strings.Contains(v, "${") {
			p.addf(at+"flinkConfiguration."+key, "cannot refer to a secret or a variable, because weir itself looks there, got %s; placeholders such as {{namespace}} are fine", quote(v))
		}
	}
	most, why := 0, "which is how many key groups a job has unless flinkConfiguration "+keyMaxParallelism+" says otherwise"
	if slices.Contains([]ArtifactKind{ArtifactSQLScript, ArtifactGo}, t.Artifact.Kind) {
		most = defaultMaxParallelism
	}
	if text := t.FlinkConfiguration[keyMaxParallelism]; text != "" && !strings.Contains(text, "${") && text != "-1" {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > mostMaxParallelism {
			p.addf(at+"flinkConfiguration."+keyMaxParallelism, "must be a number from 1 to %d, got %s", mostMaxParallelism, quote(text))
			return
		}
		most, why = n, "which is flinkConfiguration "+keyMaxParallelism
	}
	if most > 0 && t.Parallelism > most {
		p.addf(at+"parallelism", "must be at most %d, %s, got %d", most, why, t.Parallelism)
	}
}
