package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

const maxManifest = 16 << 20 // bytes of one file

// manifest is one document of a file: a resource as a person wrote it.
type manifest struct {
	source    string // file and, when there are several documents, which
	kind      resource.Kind
	name      string
	namespace string // empty: the command line's
	document  map[string]any
	mirrored  bool // it is a WeirDeployment of Kubernetes
}

// applied are the kinds that apply takes, in the order in which they are
// applied: what others refer to comes first.
var applied = []resource.Kind{
	resource.KindNamespace, resource.KindSecretValue, resource.KindDeploymentTarget, resource.KindDeploymentDefaults, resource.KindConnector,
	resource.KindFormat, resource.KindUDFArtifact, resource.KindSQLScript, resource.KindSessionCluster, resource.KindDeployment,
}

func appliedKinds() string {
	return strings.Join(namesOf(applied, func(k resource.Kind) string { return string(k) }), ", ")
}

// readManifests reads a file, a folder of .yaml, .yml and .json files, or
// standard input ("-"), ready to be applied in order.
func (s *session) readManifests(paths []string) ([]manifest, error) {
	all, err := s.readAnyManifests(paths)
	for _, m := range all {
		if m.mirrored {
			return nil, fmt.Errorf("%s: a WeirDeployment is applied and deleted with kubectl, and weir operator brings it here; weir diff shows what it changes", m.source)
		}
	}
	return all, err
}

// readAnyManifests reads WeirDeployments of Kubernetes as well.
func (s *session) readAnyManifests(paths []string) ([]manifest, error) {
	var all []manifest
	for _, path := range paths {
		found, err := s.readPath(path)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: there is no resource in it", strings.Join(paths, ", "))
	}
	slices.SortStableFunc(all, func(a, b manifest) int { return slices.Index(applied, a.kind) - slices.Index(applied, b.kind) })
	return all, nil
}

func (s *session) readPath(path string) ([]manifest, error) {
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(s.in, maxManifest))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return parseManifests("standard input", text)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read resources: %w", err)
	}
	files := []string{path}
	if info.IsDir() {
		files = nil
		for _, pattern := range []string{"*.yaml", "*.yml", "*.json"} {
			found, err := filepath.Glob(filepath.Join(path, pattern))
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		}
		slices.Sort(files)
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: there are no .yaml, .yml or .json files in it", path)
		}
	}
	var all []manifest
	for _, file := range files {
		text, err := readFile(file)
		if err != nil {
			return nil, err
		}
		found, err := parseManifests(file, text)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err == nil && len(text) > maxManifest {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxManifest)
	}
	return text, err
}

func parseManifests(source string, text []byte) ([]manifest, error) {
	documents, err := wire.YAMLDocuments(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", source, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var all []manifest
	for i, d := range documents {
		at := source
		if len(documents) > 1 {
			at = fmt.Sprintf("%s, document %d", source, i+1)
		}
		m, err := parseManifest(at, d)
		if err != nil {
			return nil, err
		}
		if m.kind == "" { // a list, as get -o yaml writes it
			items, _ := m.document["items"].([]any)
			for j, item := range items {
				text, err := json.Marshal(item)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", at, err)
				}
				inner, err := parseManifest(fmt.Sprintf("%s, item %d", at, j+1), text)
				if err != nil {
					return nil, err
				}
				all = append(all, inner)
			}
			continue
		}
		all = append(all, m)
	}
	return all, nil
}

func parseManifest(at string, text []byte) (manifest, error) {
	m := manifest{source: at}
	if err := decodeNumbers(text, &m.document); err != nil {
		return m, fmt.Errorf("%s: a resource must be a mapping with kind, metadata and spec", at)
	}
	kind, _ := m.document["kind"].(string)
	if strings.HasSuffix(kind, "List") {
		return m, nil
	}
	for _, k := range applied {
		if strings.EqualFold(kind, string(k)) {
			m.kind = k
		}
	}
	if m.kind == "" {
		m.mirror(kind)
	}
	switch {
	case kind == "":
		return m, fmt.Errorf("%s: kind must be set, for example kind: Deployment", at)
	case m.kind == "":
		return m, fmt.Errorf("%s: kind %s cannot be applied; these can: %s", at, kind, appliedKinds())
	}
	metadata, _ := m.document["metadata"].(map[string]any)
	m.name, _ = metadata["name"].(string)
	m.namespace, _ = metadata["namespace"].(string)
	if m.name == "" && m.kind != resource.KindDeploymentDefaults {
		return m, fmt.Errorf("%s: metadata.name must be set", at)
	}
	return m, nil
}

// wanted is what of the document a person can want: status, ids, versions and
// times of an exported resource are left out.
func (m manifest) wanted() map[string]any {
	out := map[string]any{}
	kept := map[string]any{}
	if metadata, ok := m.document["metadata"].(map[string]any); ok {
		for _, field := range []string{"displayName", "labels", "annotations"} {
			if v, ok := metadata[field]; ok && v != nil {
				kept[field] = v
			}
		}
	}
	if annotations, ok := kept["annotations"].(map[string]any); ok {
		own := map[string]any{}
		for k, v := range annotations {
			if !strings.HasPrefix(k, "weir.io/") && !strings.HasPrefix(k, "com.dataartisans.appmanager.") {
				own[k] = v
			}
		}
		kept["annotations"] = own
	}
	if len(kept) > 0 {
		out["metadata"] = kept
	}
	if spec, ok := m.document["spec"]; ok && spec != nil {
		out["spec"] = spec
	}
	return out
}
