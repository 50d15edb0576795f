package kubernetes_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/kubernetes"
)

// registry answers for a registry of images that lets nobody in, or has none,
// at an address that the nodes use without TLS.
func registry(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "10.89.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "secret") {
			w.Header().Set("WWW-Authenticate", `Basic realm="images"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
}

// TestTroubleOfPodsIsTold looks at what people are told when pods do not do well.
func TestTroubleOfPodsIsTold(t *testing.T) {
	ns := namespace(t)
	p := newPlatform(t, ns, "")
	registry(t)
	container := func(fields map[string]any) func(map[string]any) {
		return func(template map[string]any) {
			fields["name"] = "engine"
			template["kubernetes"] = map[string]any{"jobManagerPodTemplate": map[string]any{"spec": map[string]any{"containers": []any{fields}}}}
		}
	}
	pods := func(fields map[string]any) func(map[string]any) {
		return func(template map[string]any) { template["kubernetes"] = map[string]any{"pods": fields} }
	}
	resources := func(cpu float64, memory string) func(map[string]any) {
		return func(template map[string]any) {
			template["resources"] = map[string]any{"taskmanager": map[string]any{"cpu": cpu, "memory": memory}}
		}
	}
	kubectl := func(args ...string) {
		t.Helper()
		if out, err := p.kubectl(args...); err != nil {
			t.Fatal(out, err)
		}
	}
	create := func(objects string) {
		t.Helper()
		if _, err := kubernetes.Kubectl(strings.ReplaceAll(objects, "NAMESPACE", ns), "-n", ns, "apply", "-f", "-"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		before func()
		change func(map[string]any)
		said   []string
		after  func()
	}{
		{"an image that is not there", nil, container(map[string]any{"image": "10.89.0.1:5000/nosuch:1"}), []string{"10.89.0.1:5000/nosuch:1", "not found", "there is no such image"}, nil},
		{"wrong credentials", nil, container(map[string]any{"image": "10.89.0.1:5000/secret:1"}), []string{"10.89.0.1:5000/secret:1", "credentials", "imagePullSecrets"}, nil},
		{"a registry that is not there", nil, container(map[string]any{"image": "10.89.0.1:5001/x:1"}), []string{"10.89.0.1:5001/x:1", "does not reach the registry"}, nil},
		{"no node with the label", nil, pods(map[string]any{"nodeSelector": map[string]any{"disk": "golden"}}), []string{"node affinity/selector", "change nodeSelector or affinity"}, nil},
		{"too many processors", nil, resources(512, "256m"), []string{"Insufficient cpu", "ask for fewer processors"}, nil},
		{"too much memory", nil, resources(0.1, "4096g"), []string{"Insufficient memory", "ask for less memory"}, nil},
		{
			"a taint", func() { kubectl("taint", "node", "node2", "gpu=only:NoSchedule") }, pods(map[string]any{"nodeSelector": map[string]any{"kubernetes.io/hostname": "node2"}}),
			[]string{"untolerated taint", "kubernetes.pods.tolerations"},
			func() { kubectl("taint", "node", "node2", "gpu-") },
		},
		{
			"a volume", nil, pods(map[string]any{"volumeMounts": []any{map[string]any{"name": "v", "volume": map[string]any{"persistentVolumeClaim": map[string]any{"claimName": "nosuch"}}, "volumeMount": map[string]any{"mountPath": "/v"}}}}),
			[]string{`persistentvolumeclaim "nosuch" not found`, "check the claims"},
			nil,
		},
		{
			"a config map for a volume", nil, pods(map[string]any{"volumeMounts": []any{map[string]any{"name": "v", "volume": map[string]any{"configMap": map[string]any{"name": "nosuch"}}, "volumeMount": map[string]any{"mountPath": "/v"}}}}),
			[]string{`configmap "nosuch" not found`, "check kubernetes.pods.volumeMounts"},
			nil,
		},
		{
			"a secret for a variable", nil, pods(map[string]any{"envVars": []any{map[string]any{"name": "KEY", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "nosuch", "key": "k"}}}}}),
			[]string{`secret "nosuch" not found`, "check that the secrets and config maps exist"},
			nil,
		},
		{
			"a container before it that fails", nil, pods(map[string]any{"initContainers": []any{map[string]any{
				"name": "prepare", "image": "weir.local/busybox:1", "imagePullPolicy": "IfNotPresent", "command": []any{"sh", "-c", "echo the vault has no key; exit 3"}, "securityContext": map[string]any{"runAsUser": 1000},
			}}}),
			[]string{"container prepare exited with status 3: the vault has no key"},
			nil,
		},
		{
			"a side-car that fails again and again", nil, pods(map[string]any{"initContainers": []any{map[string]any{
				"name": "shipper", "image": "weir.local/busybox:1", "imagePullPolicy": "IfNotPresent", "restartPolicy": "Always", "command": []any{"sh", "-c", "echo nowhere to ship to; exit 4"}, "securityContext": map[string]any{"runAsUser": 1000},
				"startupProbe": map[string]any{"exec": map[string]any{"command": []any{"true"}}, "initialDelaySeconds": 30},
			}}}),
			[]string{"container shipper ends again and again", "exited with status 4: nowhere to ship to"},
			nil,
		},
		{
			"more on its disk than it may", nil, func(template map[string]any) {
				template["kubernetes"] = map[string]any{"jobManagerPodTemplate": map[string]any{"spec": map[string]any{"containers": []any{
					map[string]any{"name": "engine", "resources": map[string]any{"limits": map[string]any{"ephemeral-storage": "1Mi"}}},
					map[string]any{
						"name": "writer", "image": "weir.local/busybox:1", "imagePullPolicy": "IfNotPresent", "securityContext": map[string]any{"runAsUser": 1000},
						"command": []any{"sh", "-c", "dd if=/dev/zero of=/tmp/x bs=1M count=20; sleep 1000"}, "resources": map[string]any{"limits": map[string]any{"ephemeral-storage": "1Mi"}},
					},
				}}}}
			},
			[]string{"its pod was evicted from node", "raise the limit of ephemeral-storage"},
			nil,
		},
		{
			"a quota", func() { kubectl("create", "quota", "small", "--hard=memory=100Mi") }, resources(0.1, "256m"),
			[]string{"exceeded quota: small", "quota of namespace", "raise it"},
			func() { kubectl("delete", "quota", "small") },
		},
		{
			"a limit of the namespace", func() {
				create(`{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"small"},"spec":{"limits":[{"type":"Container","max":{"memory":"100Mi"}}]}}`)
			}, resources(0.1, "256m"),
			[]string{"maximum memory usage per Container is 100Mi", "a LimitRange of the namespace forbids that"},
			func() { kubectl("delete", "limitrange", "small") },
		},
		{
			"a policy", func() {
				create(`{"apiVersion":"v1","kind":"List","items":[
{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicy","metadata":{"name":"NAMESPACE"},"spec":{"failurePolicy":"Fail",
"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}]},
"validations":[{"expression":"has(object.metadata.labels.costcenter)","message":"metadata.labels.costcenter must be set"}]}},
{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","metadata":{"name":"NAMESPACE"},"spec":{"policyName":"NAMESPACE","validationActions":["Deny"],
"matchResources":{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"NAMESPACE"}}}}}]}`)
				p.until("see the policy work", func() bool {
					out, err := p.kubectl("run", "probe", "--image=weir.local/busybox:1", "--dry-run=server")
					return err != nil && strings.Contains(out, "costcenter")
				})
			}, resources(0.1, "257m"),
			[]string{"metadata.labels.costcenter must be set", "a policy of the cluster forbids that"},
			func() { kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", ns) },
		},
		{
			"pod security", func() { kubectl("label", "namespace", ns, "pod-security.kubernetes.io/enforce=restricted") }, container(map[string]any{"securityContext": map[string]any{"privileged": true, "allowPrivilegeEscalation": true}}),
			[]string{"violates PodSecurity", `container "engine" must not set securityContext.privileged=true`, "the namespace admits no such pod"},
			func() { kubectl("label", "namespace", ns, "pod-security.kubernetes.io/enforce-") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := *p
			q.t = t
			if tt.after != nil {
				defer tt.after()
			}
			if tt.before != nil {
				tt.before()
			}
			began := time.Now()
			q.deploy(endlessSQL, 1, tt.change, func(template map[string]any) {
				of := template["kubernetes"].(map[string]any)
				for _, other := range []string{"pods", "jobManagerPodTemplate"} { // of the case before
					if of[other] == nil {
						of[other] = nil
					}
				}
			})
			q.untilSaid(tt.said...)
			t.Logf("told after %s", time.Since(began).Round(100*time.Millisecond))
		})
	}
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}

// TestLogsOfPods reads the log of a pod while it runs, after it was killed, and
// after it was removed in good order.
func TestLogsOfPods(t *testing.T) {
	p := newPlatform(t, namespace(t), "")
	p.deploy(numbered(p.folder, many, 100), 1)
	job := p.runsNew()
	if out := p.weir("logs", "orders"); !strings.Contains(out, "engine started") || !strings.Contains(out, job) {
		t.Errorf("the log of job %s, which runs, is %q", job, out)
	}
	killMain(t, p.namespace, p.mainPod())
	killed := job
	job = p.runsNew(killed)
	wantKept := func(job string, all ...string) {
		t.Helper()
		text := ""
		p.until("read the log of job "+job, func() bool {
			body, err := p.api.KeptLog(ctx(), p.team, job)
			if err != nil {
				return false
			}
			defer body.Close()
			b := new(strings.Builder)
			_, err = io.Copy(b, body)
			text = b.String()
			return err == nil
		})
		for _, s := range all {
			if !strings.Contains(text, s) {
				t.Errorf("the kept log of job %s does not say %q: %s", job, s, text)
			}
		}
	}
	wantKept(killed, "engine started", killed)
	p.weir("suspend", "orders")
	p.weir("wait", "orders", "--for", "suspended")
	wantKept(job, "engine started", job, "engine ended")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
