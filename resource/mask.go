package resource

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Mask stands in answers where a sensitive value is. Sent back it means: as
// before.
const Mask = "******"

// sensitiveKeys are parts of the names of configuration keys whose values are
// credentials.
var sensitiveKeys = []string{
	"password", "passwd", "passphrase", "secret", "token", "credential", "jaas.config", "apikey", "api-key", "api.key",
	"access-key", "access.key", "accesskey", "account.key", "account-key", "private-key", "private.key", "privatekey",
	"service-key", "auth-params", "basic-auth", "http-headers",
}

// reference is a value that only names a secret.
var reference = regexp.MustCompile(`^\$\{[0-9A-Za-z_-]+\}$`)

// sensitive tells whether the value of a configuration key must not be shown.
// Switches are shown, and references to secrets by name.
func sensitive(key, value string) bool {
	if value == "" || value == "true" || value == "false" || reference.MatchString(value) {
		return false
	}
	key = strings.ToLower(key)
	return slices.ContainsFunc(sensitiveKeys, func(part string) bool { return strings.Contains(key, part) })
}

// MaskedConfiguration is a configuration as the API shows it. The argument is
// returned if nothing in it is sensitive, and never changed.
func MaskedConfiguration(all map[string]string) map[string]string {
	masked := all
	cloned := false
	for key, value := range all {
		if !sensitive(key, value) {
			continue
		}
		if !cloned {
			masked, cloned = maps.Clone(all), true
		}
		masked[key] = Mask
	}
	return masked
}

// Unmask puts back what Mask stands for in a configuration that a client sent:
// the value that the key has in one of the others, the first that has it. A
// mask without a value behind it is the caller's error, at the given path.
func Unmask(at string, sent map[string]string, others ...map[string]string) (map[string]string, error) {
	var p problems
	restored := maps.Clone(sent)
	for _, key := range slices.Sorted(maps.Keys(sent)) {
		if sent[key] != Mask {
			continue
		}
		value := ""
		for _, other := range others {
			if value = other[key]; value != "" {
				break
			}
		}
		switch {
		case !sensitive(key, Mask): // somebody's own six asterisks
		case value == "" || value == Mask:
			p.addf(at+"["+quote(key)+"]", "is %s, which stands for a hidden value, but none is stored: give the value, or name a secret as ${NAME}", Mask)
		default:
			restored[key] = value
		}
	}
	return restored, p.err()
}

// Masked is the spec as the API shows it.
func (s DeploymentSpec) Masked() DeploymentSpec {
	s.Template.Spec.FlinkConfiguration = MaskedConfiguration(s.Template.Spec.FlinkConfiguration)
	return s
}

// Masked is the deployment as the API shows it.
func (d Deployment) Masked() Deployment {
	d.Spec = d.Spec.Masked()
	d.Metadata.Annotations = maskedAnnotations(d.Metadata.Annotations)
	return d
}

// Masked is the job as the API shows it.
func (j Job) Masked() Job {
	j.Spec.FlinkConfiguration = MaskedConfiguration(j.Spec.FlinkConfiguration)
	j.Spec.UserFlinkConfiguration = MaskedConfiguration(j.Spec.UserFlinkConfiguration)
	j.Status.SourceTables = maskedTables(j.Status.SourceTables)
	j.Status.SinkTables = maskedTables(j.Status.SinkTables)
	return j
}

func maskedTables(tables []TableInfo) []TableInfo {
	tables = slices.Clone(tables)
	for i := range tables {
		tables[i].Properties = MaskedConfiguration(tables[i].Properties)
	}
	return tables
}

// maskedAnnotations masks documents that clients keep in annotations, such as
// what they last applied.
func maskedAnnotations(all map[string]string) map[string]string {
	for key, text := range all {
		if !strings.HasPrefix(text, "{") {
			continue
		}
		tree, err := parseObject([]byte(text))
		if err != nil || !maskTree(tree) {
			continue
		}
		if masked, err := json.Marshal(tree); err == nil {
			all = maps.Clone(all)
			all[key] = string(masked)
		}
	}
	return all
}

// maskTree masks the values of sensitive keys anywhere in a document.
func maskTree(v any) (changed bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			if text, ok := item.(string); ok && sensitive(key, text) {
				v[key] = Mask
				changed = true
				continue
			}
			changed = maskTree(item) || changed
		}
	case []any:
		for _, item := range v {
			changed = maskTree(item) || changed
		}
	}
	return changed
}
