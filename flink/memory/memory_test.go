package memory

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

// TestAsFlinkDoes compares with what Flink's own tool said.
func TestAsFlinkDoes(t *testing.T) {
	text, err := os.ReadFile("testdata/flink-2.3.0.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		left, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
		kind, args, _ := strings.Cut(left, " ")
		config := map[string]string{}
		for kv := range strings.FieldsSeq(args) {
			k, v, _ := strings.Cut(kv, "=")
			config[k] = v
		}
		var jvm string
		var properties map[string]string
		if kind == "TM" {
			var m TaskManager
			m, err = ForTaskManager(config)
			jvm = fmt.Sprintf("-Xmx%d -Xms%d -XX:MaxDirectMemorySize=%d -XX:MaxMetaspaceSize=%d", m.Heap(), m.Heap(), m.Direct(), m.Metaspace)
			properties = m.Properties()
		} else {
			var m JobManager
			m, err = ForJobManager(config)
			jvm = fmt.Sprintf("-Xmx%d -Xms%d -XX:MaxMetaspaceSize=%d", m.Heap, m.Heap, m.Metaspace)
			properties = m.Properties()
		}
		if want == "error" {
			if err == nil {
				t.Errorf("%s: %s; Flink refuses it", left, jvm)
			} else {
				t.Logf("%s: %v", left, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", left, err)
			continue
		}
		wantJVM, wantProperties, _ := strings.Cut(want, "|")
		if jvm != wantJVM {
			t.Errorf("%s: %s, Flink: %s", left, jvm, wantJVM)
		}
		flink := map[string]string{}
		for kv := range strings.SplitSeq(wantProperties, "-D ") {
			if k, v, ok := strings.Cut(strings.TrimSpace(kv), "="); ok && strings.Contains(k, ".memory.") {
				flink[k] = v
			}
		}
		if !maps.Equal(properties, flink) {
			t.Errorf("%s:\n%v, Flink:\n%v", left, properties, flink)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "1b": 1, "2 k": 2048, "3MB": 3 << 20, " 4 gibibytes ": 4 << 30, "1t": 1 << 40} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "m", "-1m", "1.5g", "1x", "99999999999999999999", "9999999999g"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}
