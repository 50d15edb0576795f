package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/weir-streams/weir/cluster"
)

// In Flink's native mode the JobManager makes the pods of TaskManagers, as many
// as its jobs need, from a template that weir gives it: so they have the labels
// by which all pods of a cluster are found. The JobManager is started as ever.
//
// Flink gives its pods to a Deployment that has the cluster's id for a name, and
// removes that Deployment when it ends. It runs no pod of its own here: which
// JobManager may run, and how often, is not for a Deployment to decide.

// executionTarget is how users of Flink ask for native mode.
const executionTarget = "execution.target"

const (
	// nativeContainer is what Flink calls the main container of its pods.
	nativeContainer = "flink-main-container"
	// nativeTemplate is the template of TaskManagers, a key of the root and a
	// file in nativeFolder, where Flink looks for it.
	nativeTemplate = "taskmanager-pod-template.yaml"
	nativeFolder   = "/opt/flink/pod-template"
	// nativeConf is where Flink puts a configuration into its pods; weir's
	// own is used.
	nativeConf = "/weir/flink"
	// maxNativeID is how long Flink lets the id of a cluster be.
	maxNativeID = 45
)

// native tells whether Flink is to make its TaskManagers itself.
func (b *builder) native() (bool, error) {
	switch mode := b.spec.Configuration[executionTarget]; {
	case mode == "kubernetes-application", mode == "kubernetes-session":
		return true, nil
	case strings.HasPrefix(mode, "kubernetes-"):
		return false, fmt.Errorf("%w: execution.target %s: Flink's native mode is kubernetes-application", cluster.ErrRefused, mode)
	}
	return false, nil
}

// goNative changes a plan of Flink so that the JobManager makes the TaskManagers.
func (b *builder) goNative(p *plan, jm *corev1.PodTemplateSpec, tm corev1.PodTemplateSpec, available bool) error {
	if len(b.name) > maxNativeID {
		return fmt.Errorf("%w: execution.target: Flink's native mode takes names of %d characters, and %s has %d", cluster.ErrRefused, maxNativeID, b.name, len(b.name))
	}
	config := b.spec.Configuration
	// It says how a client is to start what is started here.
	delete(config, executionTarget)
	for _, k := range []string{"kubernetes.pod-template-file", "kubernetes.pod-template-file.default", "kubernetes.pod-template-file.jobmanager", "kubernetes.pod-template-file.taskmanager"} {
		if config[k] != "" {
			return fmt.Errorf("%w: %s names a file where nobody has it: put what it says into spec.template.spec.kubernetes", cluster.ErrRefused, k)
		}
	}
	for k, v := range map[string]string{
		"kubernetes.cluster-id": b.name, "kubernetes.namespace": b.namespace,
		"kubernetes.flink.conf.dir": nativeConf, "kubernetes.entry.path": specDir + "/" + nativeEntry,
	} {
		config[k] = v
	}
	b.nativeProcessors()
	if err := b.nativePods(jm, tm); err != nil {
		return err
	}
	nobody, none := b.template(componentNative, mainOf(&tm, componentTaskManager).Image, corev1.ResourceRequirements{}, nil), int32(0)
	nobody.Spec.RestartPolicy, nobody.Spec.Volumes = corev1.RestartPolicyAlways, nil
	nobody.Spec.Containers[0].VolumeMounts, nobody.Spec.Containers[0].Env = nil, nil
	owner := b.deployment(componentNative, none, nobody)
	owner.Name = b.name
	// Flink mounts it into its pods, whatever is in it.
	files := &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: b.meta("flink-config-"+b.name, ""),
		Data: map[string]string{"config.yaml": "{}\n", "flink-conf.yaml": ""},
	}
	p.parts = append(p.parts, part{configMaps, files}, part{deployments, owner})
	b.nativeRights(p, jm, available)
	return nil
}

// nativeEntry is the program of Flink's pods, and nativeStart what Flink calls
// with it: keys of the root, which are files in its pods.
const (
	nativeEntry = "taskmanager"
	nativeStart = "kubernetes-taskmanager.sh"
)

// nativeProcessors says what TaskManagers ask for, as for those that weir makes:
// Flink would ask for one processor a slot.
func (b *builder) nativeProcessors() {
	config := b.spec.Configuration
	if config["kubernetes.taskmanager.cpu.amount"] != "" || config["kubernetes.taskmanager.cpu"] != "" || config["taskmanager.cpu.cores"] != "" {
		return
	}
	const amount, factor = "kubernetes.taskmanager.cpu.amount", "kubernetes.taskmanager.cpu.limit-factor"
	if b.spec.TaskManagerCPU > 0 {
		config[amount] = strconv.FormatFloat(b.spec.TaskManagerCPU, 'f', -1, 64)
		return
	}
	config[amount] = "0.25"
	if config[factor] == "" { // Flink always sets a limit: twice what its slots can use
		config[factor] = strconv.Itoa(8 * slotsOf(b.spec))
	}
}

// nativePods gives the JobManager the template of the pods that it makes.
func (b *builder) nativePods(jm *corev1.PodTemplateSpec, tm corev1.PodTemplateSpec) error {
	start := mainOf(&tm, componentTaskManager).Command
	script := "#!/bin/sh\nexec"
	for _, word := range start {
		if name, ok := strings.CutPrefix(word, "$("); ok { // a variable, as Kubernetes writes it
			word = `"$` + strings.TrimSuffix(name, ")") + `"`
		}
		script += " " + word
	}
	b.data = map[string][]byte{
		nativeStart: []byte(script + " --native -- \"$@\"\n"),
		// Flink calls it with: bash -c 'kubernetes-taskmanager.sh ...'.
		nativeEntry: []byte("#!/bin/sh\nshift\nPATH=" + specDir + ":$PATH\nexport PATH\nexec /bin/sh \"$@\"\n"),
	}
	tm.Spec.RestartPolicy = corev1.RestartPolicyNever // Flink brings another one
	main := mainOf(&tm, componentTaskManager)
	main.Name, main.Command, main.Args = nativeContainer, nil, nil
	run := int32(0o555)
	for _, v := range tm.Spec.Volumes {
		if v.Name == "weir-spec" {
			v.Secret.DefaultMode = &run
		}
	}
	text, err := json.Marshal(&corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: tm.ObjectMeta, Spec: tm.Spec})
	if err != nil {
		return fmt.Errorf("write the template of TaskManagers: %w", err)
	}
	b.data[nativeTemplate] = text
	jm.Spec.Volumes = append(jm.Spec.Volumes, corev1.Volume{Name: "weir-template", VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: b.name, Items: []corev1.KeyToPath{{Key: nativeTemplate, Path: nativeTemplate}}},
	}})
	c := mainOf(jm, componentJobManager)
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "weir-template", MountPath: nativeFolder, ReadOnly: true})
	c.Env = append(c.Env, corev1.EnvVar{Name: "_POD_IP_ADDRESS", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}})
	c.Command = append(c.Command, "--native")
	return nil
}

// nativeRights gives the JobManager, and nobody else, the right to make pods.
func (b *builder) nativeRights(p *plan, jm *corev1.PodTemplateSpec, available bool) {
	jm.Spec.AutomountServiceAccountToken = nil
	if own := b.ownAccount(); own != "" { // its rights are the user's affair
		jm.Spec.ServiceAccountName = first(jm.Spec.ServiceAccountName, own)
		return
	}
	name := b.name + "-native"
	jm.Spec.ServiceAccountName = name
	p.needs = "execution.target: Flink's native mode needs a service account that may make pods"
	p.parts = append(p.parts, b.account(name)...)
	p.parts = append(p.parts, b.granted(name, []string{name},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch", "create", "delete"}},
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, ResourceNames: []string{b.name}, Verbs: []string{"get", "delete"}},
		rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments/finalizers"}, ResourceNames: []string{b.name}, Verbs: []string{"update"}},
	)...)
	if available { // what TaskManagers may, it may as well
		p.parts = append(p.parts, b.granted(b.name, []string{b.name, name}, configMapRights)...)
	}
}

// account is a service account.
func (b *builder) account(name string) []part {
	return []part{{serviceAccounts, &corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: b.meta(name, "")}}}
}

// granted are a role and who has it.
func (b *builder) granted(role string, accounts []string, rules ...rbacv1.PolicyRule) []part {
	version := rbacv1.SchemeGroupVersion.String()
	binding := &rbacv1.RoleBinding{
		TypeMeta: metav1.TypeMeta{APIVersion: version, Kind: "RoleBinding"}, ObjectMeta: b.meta(role, ""),
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
	}
	for _, a := range accounts {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "ServiceAccount", Name: a, Namespace: b.namespace})
	}
	return []part{
		{roles, &rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: version, Kind: "Role"}, ObjectMeta: b.meta(role, ""), Rules: rules}},
		{roleBindings, binding},
	}
}

// nativeTrouble says why Flink cannot make a pod, by asking the API server what
// it would say to one; empty: it would be made, or Flink does not make them.
func (g *ground) nativeTrouble(ctx context.Context, name string) string {
	var root corev1.Secret
	if err := g.get(ctx, secrets, name, &root); err != nil || len(root.Data[nativeTemplate]) == 0 {
		return ""
	}
	var pod map[string]any
	if err := json.Unmarshal(root.Data[nativeTemplate], &pod); err != nil {
		return ""
	}
	asked := &unstructured.Unstructured{Object: pod}
	asked.SetNamespace(g.namespace)
	asked.SetName(name + "-" + componentTaskManager + "-asked")
	_, err := g.of(pods).Create(ctx, asked, metav1.CreateOptions{FieldManager: manager, DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		return ""
	}
	return advise("FailedCreate", err.Error())
}
