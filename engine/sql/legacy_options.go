package sql

import (
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
)

// modernOptions writes options of Flink before 1.11 as they are written today,
// as Nexmark's own scripts still have them: 'connector.type' is 'connector',
// 'connector.path' is 'path', 'format.type' = 'csv' is 'format', 'format.x' is 'csv.x'.
func modernOptions(t *catalog.Table) {
	if t.Options["connector"] != "" || t.Options["connector.type"] == "" {
		return
	}
	format := t.Options["format.type"]
	for k, v := range t.Options {
		key := k
		switch {
		case k == "connector.type", k == "format.type":
			key = strings.TrimSuffix(k, ".type")
		case k == "connector.property-version", k == "format.property-version", k == "update-mode":
			key = ""
		case strings.HasPrefix(k, "connector."):
			key = strings.TrimPrefix(k, "connector.")
		case strings.HasPrefix(k, "format.") && format != "":
			key = format + strings.TrimPrefix(k, "format")
		default:
			continue
		}
		delete(t.Options, k)
		if key != "" {
			t.Options[key], t.OptionPos[key] = v, t.OptionPos[k]
		}
	}
}
