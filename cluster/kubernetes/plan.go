package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/weir-streams/weir/cluster"
)

// Labels by which everything is found again.
const (
	labelManaged    = "app.kubernetes.io/managed-by"
	labelNamespace  = "weir.io/namespace"
	labelDeployment = "weir.io/deployment"
	labelJob        = "weir.io/job"
	labelSession    = "weir.io/session"
	labelComponent  = "weir.io/component"
)

// Components of a cluster, which are also what their main containers and pods
// are called.
const (
	componentEngine      = "engine"
	componentJobManager  = "jobmanager"
	componentTaskManager = "taskmanager"
	componentNative      = "native" // which has no pods
)

// Where things are in pods.
const (
	specDir  = "/weir/spec" // the root, as files
	specFile = "spec.json"
	runDir   = "/weir/run"
	binDir   = "/weir/bin"
	filesDir = "/weir/files"
	// RESTPort is where the main pod answers.
	RESTPort = 8081
)

// maxSpec is what a Secret may hold, and some to spare for the rest of it.
const maxSpec = 1000 << 10

// part is an object of a cluster.
type part struct {
	resource schema.GroupVersionResource
	object   object
}

// plan is all objects of a cluster.
type plan struct {
	root  *corev1.Secret
	parts []part // made before the main one, again and again if need be
	main  part   // made once
	needs string // which right of a service account of it, in words
}

var safeName = regexp.MustCompile(`^[0-9a-z][0-9a-z-]{0,47}$`)

// nameOf is the root's name, with which those of all objects begin.
func nameOf(ref cluster.Ref) (string, error) {
	id := ref.Incarnation()
	if !safeName.MatchString(id) {
		return "", fmt.Errorf("%w: id %q of a cluster is not made of letters, digits and dashes", cluster.ErrRefused, id)
	}
	if ref.Session != "" {
		return "session-" + id, nil
	}
	return "job-" + id, nil
}

// mains are the names that the main pod may have.
func mains(name string) []string {
	return []string{name + "-" + componentEngine, name + "-" + componentJobManager}
}

// selector finds all objects of a cluster.
func selector(ref cluster.Ref) string {
	if ref.Session != "" {
		return labelManaged + "=" + manager + "," + labelSession + "=" + ref.Session
	}
	return labelManaged + "=" + manager + "," + labelJob + "=" + ref.JobID
}

// onFlink tells whether Flink runs the program of a spec.
func onFlink(spec cluster.Spec) (bool, error) {
	engine := cluster.ParseKubernetesTarget(spec.Target).Engine
	kind := spec.Artifact.Kind
	switch {
	case engine == "flink":
		return true, nil
	case kind == "" && spec.IsSession(), kind == "SQLSCRIPT":
		return false, nil
	case engine == "weir":
		return false, fmt.Errorf("%w: this deployment target runs SQLSCRIPT on weir's engine only, not an artifact of kind %s: use one without spec.kubernetes.engine", cluster.ErrRefused, kind)
	case kind == "JAR", kind == "PYTHON":
		return true, nil
	}
	return false, fmt.Errorf("%w: Kubernetes runs no artifact of kind %s", cluster.ErrRefused, kind)
}

func (l *Launcher) plan(spec cluster.Spec, namespace string) (*plan, error) {
	name, err := nameOf(spec.Ref)
	if err != nil {
		return nil, err
	}
	o, err := optionsOf(spec.Kubernetes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	b := &builder{launcher: l, spec: spec, name: name, namespace: namespace, options: o}
	flink, err := onFlink(spec)
	if err != nil {
		return nil, err
	}
	b.spec.Configuration = maps.Clone(spec.Configuration)
	if b.spec.Configuration == nil {
		b.spec.Configuration = map[string]string{}
	}
	p := &plan{}
	if flink {
		err = b.flink(p)
	} else {
		err = b.engine(p)
	}
	if err != nil {
		return nil, err
	}
	b.spec.Kubernetes = nil // it is in the pods
	text, err := json.Marshal(b.spec)
	if err != nil {
		return nil, fmt.Errorf("write the cluster's spec: %w", err)
	}
	if len(text) > maxSpec {
		return nil, fmt.Errorf("%w: program and configuration have %d bytes, and Kubernetes keeps %d at most", cluster.ErrRefused, len(text), maxSpec)
	}
	p.root = &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: b.meta(name, ""),
		Type: "weir.io/cluster", Data: map[string][]byte{specFile: text},
	}
	maps.Copy(p.root.Data, b.data)
	for name, value := range l.config.Environment {
		p.root.Data[variable+name] = []byte(value)
	}
	if len(b.files) > 0 {
		if p.root.Data[filesFile], err = b.filesJSON(); err != nil {
			return nil, fmt.Errorf("write the list of files: %w", err)
		}
	}
	return p, nil
}

// builder makes the objects of one cluster.
type builder struct {
	launcher        *Launcher
	spec            cluster.Spec
	name, namespace string
	options         options
	files           []cluster.File    // that the pods fetch
	data            map[string][]byte // of the root, besides
}

// identity are the labels by which an object is found.
func (b *builder) identity(component string) map[string]string {
	m := map[string]string{labelManaged: manager, labelNamespace: b.spec.Namespace}
	for k, v := range map[string]string{labelDeployment: b.spec.DeploymentID, labelJob: b.spec.JobID, labelSession: b.spec.Session, labelComponent: component} {
		if v != "" {
			m[k] = v
		}
	}
	return m
}

// variable begins the keys of the root that are environment variables of its
// pods: a pod is read by more people than a Secret.
const variable = "env."

// labelValue knows what Kubernetes takes for the value of a label.
var labelValue = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)

// labels are those of an object: the user's, those by which clients of
// Ververica Platform find the pods of a job, and ours.
func (b *builder) labels(component string, more map[string]string) map[string]string {
	m := maps.Clone(b.options.Labels)
	if m == nil {
		m = map[string]string{}
	}
	maps.Copy(m, more)
	if component != "" {
		for k, v := range map[string]string{
			"app": "flink-job", "component": component, "vvpNamespace": b.spec.Namespace,
			"deploymentId": b.spec.DeploymentID, "deploymentName": b.spec.DeploymentName, "jobId": b.spec.JobID,
		} {
			if v != "" && labelValue.MatchString(v) {
				m[k] = v
			}
		}
	}
	maps.Copy(m, b.identity(component))
	return m
}

func (b *builder) meta(name, component string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: b.namespace, Labels: b.labels(component, nil)}
}

// defaultMemory is the limit of a pod whose spec does not say, and defaultCPU
// what it asks for.
const (
	defaultMemory = 1 << 30
	defaultCPU    = "250m"
)

// resources of a main container: what is asked for is also the limit. Who asks
// for no processors gets what is free.
func resourcesOf(cpu float64, memory int64) corev1.ResourceRequirements {
	if memory <= 0 {
		memory = defaultMemory
	}
	r := corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI), corev1.ResourceCPU: resource.MustParse(defaultCPU)},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: *resource.NewQuantity(memory, resource.BinarySI)},
	}
	if cpu > 0 {
		q := *resource.NewMilliQuantity(int64(cpu*1000+0.5), resource.DecimalSI)
		r.Requests[corev1.ResourceCPU], r.Limits[corev1.ResourceCPU] = q, q
	}
	return r
}

// template is what all pods begin as.
func (b *builder) template(component, image string, r corev1.ResourceRequirements, args []string) corev1.PodTemplateSpec {
	no, yes := false, true
	grace := int64(10)
	t := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: b.labels(component, nil)},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: &no, EnableServiceLinks: &no,
			TerminationGracePeriodSeconds: &grace,
			SecurityContext:               &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Containers: []corev1.Container{{
				Name: mainContainer(component), Image: image, ImagePullPolicy: corev1.PullPolicy(b.launcher.config.PullPolicy), Args: args,
				Resources: r, TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
				SecurityContext: restricted(),
				VolumeMounts:    []corev1.VolumeMount{{Name: "weir-spec", MountPath: specDir, ReadOnly: true}, {Name: "weir-run", MountPath: runDir}, {Name: "weir-tmp", MountPath: "/tmp"}},
			}},
			Volumes: []corev1.Volume{
				{Name: "weir-spec", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: b.name}}},
				{Name: "weir-run", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "weir-tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
		},
	}
	env := b.launcher.config.Environment
	for _, k := range slices.Sorted(maps.Keys(env)) {
		t.Spec.Containers[0].Env = append(t.Spec.Containers[0].Env, corev1.EnvVar{Name: k, ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: b.name}, Key: variable + k},
		}})
	}
	return t
}

// restricted is what restricted pod security wants of a container.
func restricted() *corev1.SecurityContext {
	no, yes := false, true
	return &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
}

// mainContainer is the name of the container that does the work; those of Flink
// are called as on Ververica Platform.
func mainContainer(component string) string {
	if component == componentEngine {
		return component
	}
	return "flink-" + component
}

// engine plans weir's engine in one pod.
func (b *builder) engine(p *plan) error {
	spec := &b.spec
	if b.launcher.config.Image == "" {
		return fmt.Errorf("%w: the server does not know the image of weir: set --pod-image", cluster.ErrRefused)
	}
	n := int64(max(spec.TaskManagers, 1))
	if spec.TaskManagerMemory > (1<<50)/n {
		return fmt.Errorf("%w: resources.taskmanager.memory of %d task managers is more than any machine has", cluster.ErrRefused, n)
	}
	t := b.template(componentEngine, b.launcher.config.Image, resourcesOf(spec.TaskManagerCPU*float64(n), spec.TaskManagerMemory*n),
		[]string{"engine", "--dir", runDir, "--spec", specDir + "/" + specFile, "--listen", ":" + strconv.Itoa(RESTPort)})
	t.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "rest", ContainerPort: RESTPort}}
	t, err := b.merge(t, componentEngine, b.options.JobManagerPodTemplate)
	if err != nil {
		return err
	}
	c := mainOf(&t, componentEngine)
	limit := c.Resources.Limits.Memory().Value()
	if limit > 0 {
		c.Env = append(c.Env, corev1.EnvVar{Name: "GOMEMLIMIT", Value: strconv.FormatInt(limit/10*9, 10)})
		if err := b.stateBudget(limit); err != nil {
			return err
		}
	}
	if gogc := spec.Configuration["weir.engine.gogc"]; gogc != "" {
		c.Env = append(c.Env, corev1.EnvVar{Name: "GOGC", Value: gogc})
	}
	if k := "state.backend.local-dir"; spec.Configuration[k] == "" && spec.Configuration["state.backend.rocksdb.localdir"] == "" && spec.Configuration["io.tmp.dirs"] == "" {
		spec.Configuration[k] = runDir + "/spill"
	}
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	p.main = part{pods, &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: b.name + "-" + componentEngine, Namespace: b.namespace, Labels: t.Labels, Annotations: t.Annotations},
		Spec:       t.Spec,
	}}
	return nil
}

// stateMemory is the engine's setting of how much state it keeps in memory;
// the rest goes to the disk.
const stateMemory = "state.backend.memory"

// stateBudget sees to it that the engine's state fits into its pod: what is
// more goes to the pod's disk before the kernel ends the process.
func (b *builder) stateBudget(limit int64) error {
	text := b.spec.Configuration[stateMemory]
	if text == "" {
		b.spec.Configuration[stateMemory] = strconv.FormatInt(limit/2, 10) + " b"
		return nil
	}
	n, err := parseSize(text)
	if err != nil {
		return nil // the engine says what is wrong with it
	}
	if n > limit/10*8 {
		return fmt.Errorf("%w: %s is %s, and the pod has %d MiB: raise resources.taskmanager.memory so that state takes at most eight tenths of it, or lower the setting",
			cluster.ErrRefused, stateMemory, text, limit>>20)
	}
	return nil
}
