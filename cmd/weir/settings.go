package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// setting is one configuration key of the server: a flag, an environment
// variable (WEIR_ and the name) and a key of the configuration file.
type setting struct {
	name    string
	value   string // default
	doc     string
	boolean bool
	check   func(string) error
}

// settings are declared here once; help, --print-config and the checks follow.
func settings(getenv func(string) string) []setting {
	return []setting{
		{name: "listen", value: "127.0.0.1:8080", doc: "address to listen on; only loopback ones are allowed without authentication"},
		{name: "data", value: defaultData(getenv), doc: "folder for everything: database, local clusters, checkpoints"},
		{name: "database", doc: "postgres://… instead of the embedded database in the data folder"},
		{name: "clusters", doc: "folder of the local processes of jobs (default: clusters in the data folder); servers of one machine that share a database share it too"},
		{name: "default-launcher", value: "process", doc: "where deployments run that choose no target: process, on this machine; kubernetes, in pods, and then nothing runs on this machine", check: oneWord("process", "kubernetes")},
		{name: "state", doc: "where checkpoints and savepoints go: a folder that all jobs see, or s3://BUCKET/PREFIX (default: state in the data folder)"},
		{name: "secret-key-file", doc: "file with the keys that seal secret values, one a line, 32 bytes in base64; the first seals, all open (default: secret.key in the data folder, made when it is not there)"},
		{name: "job-history", value: "50", doc: "how many jobs that have ended are kept of each deployment; 0 keeps all", check: checkCount},
		{name: "event-history", value: "2000", doc: "how many events are kept of each deployment, or a few more; 0 keeps all", check: checkCount},
		{name: "checkpoint-interval", value: "10s", doc: "for deployments that set none", check: checkDuration},
		{name: "allowed-hosts", doc: "names, separated by commas, under which browsers may reach the server besides localhost"},
		{name: "artifacts", doc: "where uploaded files go: a folder, or s3://BUCKET/PREFIX (default: artifacts in the data folder)"},
		{name: "artifact-limit", value: "1g", doc: "size of the largest file that can be uploaded", check: checkMemory},
		{name: "s3-endpoint", doc: "URL of the S3 service of artifacts and state if it is not that of AWS; credentials are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		{name: "s3-region", value: "us-east-1", doc: "region of the S3 service"},
		{name: "s3-path-style", value: "false", doc: "name the bucket in the path and not in the host, as most services but AWS want it", boolean: true, check: checkBool},
		{name: "s3-encryption", doc: "encryption by the S3 service: AES256, aws:kms or aws:kms:KEY"},
		{name: "external-url", doc: "where browsers reach the server, such as https://weir.example.com, for signing in behind a proxy"},
		{name: "pod-url", doc: "where pods of jobs reach this server, such as http://weir.weir.svc:8080, to fetch their files", check: checkPodURL},
		{name: "metrics-listen", doc: "address to serve /metrics, /healthz and /readyz on for everybody, such as :9090; they are at the address of listen too, where metrics are for admins"},
		{name: "shutdown-delay", value: "0s", doc: "how long the server answers on after it is told to end, until those who send it requests know that it does", check: checkDelay},
		{name: "auth", value: "false", doc: "ask who sends a request, and allow what role bindings allow; without it everybody may do everything", boolean: true, check: checkBool},
		{name: "auth-bootstrap-token-file", doc: "file with the token of user:bootstrap, an admin, to set up roles with"},
		{name: "auth-admins", doc: "who manages namespaces: user:NAME and group:NAME, separated by commas"},
		{name: "auth-session-key-file", doc: "file with 64 hexadecimal digits that seal browser sessions (default: made in the data folder); the same on all servers"},
		{name: "oidc-issuer", doc: "URL of an OpenID Connect provider to sign in with"},
		{name: "oidc-client-id", doc: "what the provider calls this server"},
		{name: "oidc-client-secret-file", doc: "file with the secret that the provider gave it"},
		{name: "oidc-user-claim", value: "email", doc: "claim of the provider's tokens that names the user"},
		{name: "oidc-groups-claim", value: "groups", doc: "claim that lists the groups of the user"},
		{name: "oidc-scopes", value: "profile,email", doc: "scopes to ask for besides openid, separated by commas"},
		{name: "kubeconfig", doc: "file that leads to the Kubernetes in which deployments run (default: the one the server is a pod of)"},
		{name: "kube-context", doc: "context of that file (default: its current one)"},
		{name: "kube-namespace", doc: "namespace of Kubernetes for deployment targets that name none (default: that of the server's pod)"},
		{name: "kube-reach", value: "auto", doc: "how pods are reached: direct, by their addresses; proxy, through the API server; auto, direct if the server is itself a pod there", check: oneWord("auto", "direct", "proxy")},
		{name: "pod-image", doc: "image of weir for pods (default: weir: and this version)"},
		{name: "pod-image-pull-policy", doc: "Always, IfNotPresent or Never, for all images of pods (default: Kubernetes' own choice)", check: oneWord("", "Always", "IfNotPresent", "Never")},
		{name: "flink-images", value: "flink:2.3.0", doc: "images of Apache Flink for pods: of each version, such as 2.3=flink:2.3.0,1.20=flink:1.20.3; the first is for programs that ask for none"},
		{name: "flink-user", value: "9999", doc: "user id of Flink's processes in pods; 0 is the image's own, as OpenShift wants it", check: checkCount},
		{name: "reported-version", doc: "build version in system-info, for clients that insist on one of Ververica Platform's"},
		{name: "audit-retention", value: "180d", doc: "how long entries of the audit log are kept, such as 180d; 0s keeps all", check: checkRetention},
		{name: "log-level", value: "info", doc: "debug, info, warn or error", check: oneWord("debug", "info", "warn", "error")},
		{name: "log-format", value: "text", doc: "text or json", check: oneWord("text", "json")},
		{name: "demo", value: "false", doc: "load the examples", boolean: true, check: checkBool},
	}
}

func defaultData(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "weir")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "weir")
	}
	return filepath.Join(os.TempDir(), "weir-"+strconv.Itoa(os.Getuid()))
}

func checkDuration(v string) error {
	if d, err := time.ParseDuration(strings.ReplaceAll(v, " ", "")); err != nil || d <= 0 {
		return fmt.Errorf("want a duration such as 10s, got %q", v)
	}
	return nil
}

func checkDelay(v string) error {
	if d, err := time.ParseDuration(v); err != nil || d < 0 || d > time.Hour {
		return fmt.Errorf("want a duration such as 5s, got %q", v)
	}
	return nil
}

func checkPodURL(v string) error {
	if u, err := url.Parse(v); v != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("want an URL such as http://weir.weir.svc:8080, got %q", v)
	}
	return nil
}

func checkMemory(v string) error {
	if n, err := resource.ParseMemory(v); err != nil || n <= 0 {
		return fmt.Errorf("want a size such as 500m or 1g, got %q", v)
	}
	return nil
}

func checkRetention(v string) error {
	if _, err := resource.ParseDuration(v); err != nil {
		return fmt.Errorf("want a duration such as 180d, got %q", v)
	}
	return nil
}

func checkCount(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 {
		return fmt.Errorf("want a number from 0, got %q", v)
	}
	return nil
}

// count is a setting that was checked to be a number.
func (c configuration) count(name string) int {
	n, err := strconv.Atoi(c.values[name])
	if err != nil {
		return 0
	}
	return n
}

func checkBool(v string) error {
	if _, err := strconv.ParseBool(v); err != nil {
		return fmt.Errorf("want true or false, got %q", v)
	}
	return nil
}

func oneWord(words ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(words, v) {
			return fmt.Errorf("want %s, got %q", strings.Join(words, ", "), v)
		}
		return nil
	}
}

func (st setting) env() string {
	return "WEIR_" + strings.ToUpper(strings.ReplaceAll(st.name, "-", "_"))
}

// configuration is the value of every setting with where it came from.
type configuration struct {
	values map[string]string
	source map[string]string
	// global are the deployment defaults of every namespace; from the file only.
	global resource.DeploymentDefaults
}

func (c configuration) get(name string) string { return c.values[name] }

func (c configuration) is(name string) bool {
	v, err := strconv.ParseBool(c.values[name])
	return err == nil && v
}

const globalDefaultsKey = "globalDeploymentDefaults"

func addSettings(c *cobra.Command, all []setting) {
	c.Flags().String("config", "", "configuration file, YAML with the names of these flags as keys (WEIR_CONFIG)")
	for _, st := range all {
		doc := fmt.Sprintf("%s (%s)", st.doc, st.env())
		if st.boolean {
			c.Flags().Bool(st.name, false, doc)
			continue
		}
		c.Flags().String(st.name, st.value, doc)
	}
}

// configure reads the settings: flags over environment over file over defaults.
func configure(c *cobra.Command, all []setting, getenv func(string) string) (configuration, error) {
	out := configuration{values: map[string]string{}, source: map[string]string{}}
	path, err := c.Flags().GetString("config")
	if err != nil {
		return out, err
	}
	if path == "" {
		path = getenv("WEIR_CONFIG")
	}
	file, err := out.readFile(path, all)
	if err != nil {
		return out, err
	}
	for _, st := range all {
		value, source := st.value, "default"
		if v, ok := file[st.name]; ok {
			value, source = v, path
		}
		if v := getenv(st.env()); v != "" {
			value, source = v, st.env()
		}
		if f := c.Flags().Lookup(st.name); f.Changed {
			value, source = f.Value.String(), "--"+st.name
		}
		if st.check != nil {
			if err := st.check(value); err != nil {
				return out, usagef("%s (from %s): %v", st.name, source, err)
			}
		}
		out.values[st.name], out.source[st.name] = value, source
	}
	return out, nil
}

func (c *configuration) readFile(path string, all []setting) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("configuration file %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	text, err = wire.YAMLToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", path, err)
	}
	var keys map[string]any
	if err := decodeNumbers(text, &keys); err != nil {
		return nil, fmt.Errorf("configuration file %s: want a mapping of settings", path)
	}
	known := append(namesOf(all, func(st setting) string { return st.name }), globalDefaultsKey)
	values := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		switch v := keys[key].(type) {
		case map[string]any:
			if key != globalDefaultsKey {
				return nil, fmt.Errorf("configuration file %s: %q must be one value", path, key)
			}
			if err := c.readGlobal(v); err != nil {
				return nil, fmt.Errorf("configuration file %s: %s: %w", path, key, err)
			}
		default:
			if !slices.Contains(known, key) || key == globalDefaultsKey {
				return nil, fmt.Errorf("configuration file %s: there is no setting %q%s", path, key, near(key, known))
			}
			if v != nil {
				values[key] = fmt.Sprint(v)
			}
		}
	}
	return values, nil
}

func (c *configuration) readGlobal(v map[string]any) error {
	if _, ok := v["spec"]; !ok {
		v = map[string]any{"spec": v}
	}
	text, err := jsonOf(v)
	if err != nil {
		return err
	}
	if c.global, err = resource.DecodeDeploymentDefaults(text); err != nil {
		return err
	}
	return c.global.Validate()
}

// print shows every setting, its value and where that came from.
func (c configuration) print(s *session, all []setting) error {
	t := &table{head: []string{"SETTING", "VALUE", "FROM"}}
	for _, st := range all {
		value := c.values[st.name]
		if st.name == "database" {
			value = withoutPassword(value)
		}
		t.add(st.name, value, c.source[st.name])
	}
	return t.write(s.out, nil)
}
