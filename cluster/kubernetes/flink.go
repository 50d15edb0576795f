package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink/memory"
)

// supervisor is the memory of the process beside a JobManager that answers for it.
const supervisor = 64 << 20

// Ports of a JobManager's pod.
const (
	portRPC  = 6123
	portBlob = 6124
)

// flink plans a JobManager, its TaskManagers and how they find each other.
func (b *builder) flink(p *plan) error {
	spec := &b.spec
	for k, v := range b.launcher.config.FlinkConfiguration {
		if spec.Configuration[k] == "" {
			spec.Configuration[k] = v
		}
	}
	native, err := b.native()
	if err != nil {
		return err
	}
	if err := b.takeFiles(); err != nil {
		return err
	}
	available, err := b.highAvailability(p, native)
	if err != nil {
		return err
	}
	image, err := b.flinkImage()
	if err != nil {
		return err
	}
	slots, _ := strconv.Atoi(spec.Configuration["taskmanager.numberOfTaskSlots"]) // the cluster says what is wrong with it
	if spec.TaskManagers == 0 && slots > 0 {
		spec.TaskManagers = (max(spec.Parallelism, 1) + slots - 1) / slots
	}
	spec.TaskManagers = max(spec.TaskManagers, 1)

	jm, err := b.flinkTemplate(componentJobManager, image, spec.JobManagerCPU, &spec.JobManagerMemory, b.options.JobManagerPodTemplate)
	if err != nil {
		return err
	}
	main := mainOf(&jm, componentJobManager)
	main.Ports = append(main.Ports, corev1.ContainerPort{Name: "rest", ContainerPort: RESTPort}, corev1.ContainerPort{Name: "rpc", ContainerPort: portRPC}, corev1.ContainerPort{Name: "blob", ContainerPort: portBlob})
	if available {
		jm.Spec.RestartPolicy, jm.Spec.ServiceAccountName = corev1.RestartPolicyAlways, first(jm.Spec.ServiceAccountName, b.ownAccount(), b.name)
		jm.Spec.AutomountServiceAccountToken = nil
	} else {
		jm.Spec.RestartPolicy = corev1.RestartPolicyNever
	}
	tm, err := b.flinkTemplate(componentTaskManager, image, spec.TaskManagerCPU, &spec.TaskManagerMemory, b.options.TaskManagerPodTemplate)
	if err != nil {
		return err
	}
	tm.Spec.RestartPolicy = corev1.RestartPolicyAlways
	if available {
		tm.Spec.ServiceAccountName, tm.Spec.AutomountServiceAccountToken = first(tm.Spec.ServiceAccountName, b.ownAccount(), b.name), nil
	}
	if err := b.checkMemory(); err != nil {
		return err
	}
	service := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: b.meta(b.name+"-"+componentJobManager, componentJobManager),
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: b.identity(componentJobManager),
			Ports: []corev1.ServicePort{{Name: "rest", Port: RESTPort}, {Name: "rpc", Port: portRPC}, {Name: "blob", Port: portBlob}},
		},
	}
	p.parts = append(p.parts, part{services, service})
	if native {
		if err := b.goNative(p, &jm, tm, available); err != nil {
			return err
		}
	} else {
		p.parts = append(p.parts, part{deployments, b.deployment(componentTaskManager, int32(spec.TaskManagers), tm)})
	}
	if available {
		p.main = part{deployments, b.deployment(componentJobManager, 1, jm)}
		return nil
	}
	p.main = part{pods, &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: b.name + "-" + componentJobManager, Namespace: b.namespace, Labels: jm.Labels, Annotations: jm.Annotations},
		Spec:       jm.Spec,
	}}
	return nil
}

func (b *builder) deployment(component string, n int32, t corev1.PodTemplateSpec) *appsv1.Deployment {
	d := &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: b.meta(b.name+"-"+component, component),
		Spec: appsv1.DeploymentSpec{Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: b.identity(component)}, Template: t},
	}
	none := int32(1)
	d.Spec.RevisionHistoryLimit = &none
	if component == componentJobManager {
		d.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType
	}
	return d
}

// flinkTemplate is the pod of a process of Flink. bytes becomes what its
// container has.
func (b *builder) flinkTemplate(component, image string, cpu float64, bytes *int64, users *corev1.PodTemplateSpec) (corev1.PodTemplateSpec, error) {
	config := b.launcher.config
	r := resourcesOf(cpu, b.processSize(component, *bytes))
	t := b.template(component, image, r, nil)
	c := &t.Spec.Containers[0]
	c.Command = []string{
		binDir + "/weir", "flink", component, "--dir", runDir, "--spec", specDir + "/" + specFile, "--home", "/opt/flink",
		"--jobmanager", b.name + "-" + componentJobManager + "." + b.namespace, "--address", "$(POD_IP)", "--name", "$(POD_NAME)",
	}
	if component == componentJobManager {
		c.Command = append(c.Command, "--listen", ":"+strconv.Itoa(RESTPort))
	}
	c.Env = append([]corev1.EnvVar{
		{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}},
		{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
	}, c.Env...)
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "weir-bin", MountPath: binDir, ReadOnly: true}, corev1.VolumeMount{Name: "weir-files", MountPath: filesDir, ReadOnly: true})
	t.Spec.Volumes = append(t.Spec.Volumes,
		corev1.Volume{Name: "weir-bin", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		corev1.Volume{Name: "weir-files", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	t.Spec.InitContainers = []corev1.Container{{
		Name: initContainer, Image: config.Image, ImagePullPolicy: corev1.PullPolicy(config.PullPolicy),
		Args:                     []string{"pod-init", "--to", binDir, "--files", specDir + "/" + filesFile},
		SecurityContext:          restricted(),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		VolumeMounts: []corev1.VolumeMount{
			{Name: "weir-spec", MountPath: specDir, ReadOnly: true}, {Name: "weir-bin", MountPath: binDir}, {Name: "weir-files", MountPath: filesDir}, {Name: "weir-tmp", MountPath: "/tmp"},
		},
		Resources: corev1.ResourceRequirements{Requests: r.Requests, Limits: r.Limits}, // no more than the pod has anyway
	}}
	if config.FlinkUser > 0 {
		user := config.FlinkUser
		t.Spec.SecurityContext.RunAsUser = &user
	}
	t, err := b.merge(t, component, users)
	if err != nil {
		return t, err
	}
	if limit := mainOf(&t, component).Resources.Limits.Memory().Value(); limit > 0 {
		*bytes = limit
		if component == componentJobManager {
			*bytes -= supervisor
		}
	}
	if set := b.processSize(component, 0); set > 0 {
		*bytes = 0 // the configuration says how it is divided
	}
	return t, nil
}

// processSize is how much memory a container of a role needs: what the spec
// says, or what the configuration adds up to.
func (b *builder) processSize(component string, bytes int64) int64 {
	set := false
	for k := range b.spec.Configuration {
		set = set || strings.HasPrefix(k, component+".memory.") && (strings.Contains(k, "process.size") || strings.Contains(k, "flink.size") || strings.Contains(k, "heap.size"))
	}
	if !set {
		return bytes
	}
	if component == componentJobManager {
		if m, err := memory.ForJobManager(b.spec.Configuration); err == nil {
			return m.Process() + supervisor
		}
		return bytes
	}
	if m, err := memory.ForTaskManager(b.spec.Configuration); err == nil {
		return m.Process()
	}
	return bytes
}

// checkMemory refuses what Flink would refuse when it starts.
func (b *builder) checkMemory() error {
	config := maps.Clone(b.spec.Configuration)
	for role, bytes := range map[string]int64{componentJobManager: b.spec.JobManagerMemory, componentTaskManager: b.spec.TaskManagerMemory} {
		if bytes > 0 {
			config[role+".memory.process.size"] = strconv.FormatInt(bytes, 10) + "b"
		}
	}
	if _, err := memory.ForJobManager(config); err != nil {
		return fmt.Errorf("%w: resources.jobmanager.memory: %w", cluster.ErrRefused, err)
	}
	if _, err := memory.ForTaskManager(config); err != nil {
		return fmt.Errorf("%w: resources.taskmanager.memory: %w", cluster.ErrRefused, err)
	}
	return nil
}

// flinkImage is the image of Flink's processes: the parts that the deployment
// names in place of those that the server knows for the version.
func (b *builder) flinkImage() (string, error) {
	known, version := b.launcher.config.FlinkImages, b.spec.Artifact.Engine
	image, ok := known[version]
	for v := version; !ok && strings.Contains(v, "."); image, ok = known[v] {
		v = v[:strings.LastIndexByte(v, '.')]
	}
	if !ok && version != "" {
		for _, v := range slices.Sorted(maps.Keys(known)) {
			if strings.HasPrefix(v, version+".") {
				image, ok = known[v], true
			}
		}
	}
	named := b.spec.Image
	if named == (cluster.Image{}) {
		if !ok || image == "" {
			return "", fmt.Errorf("%w: the server knows no image of Flink %s: it has %s; name one in artifact.flinkImageRepository and flinkImageTag, or set --flink-images",
				cluster.ErrRefused, version, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return image, nil
	}
	registry, repository, tag := splitImage(image)
	registry, repository, tag = first(named.Registry, registry), first(named.Repository, repository, "flink"), first(named.Tag, tag)
	if tag == "" {
		return "", fmt.Errorf("%w: artifact.flinkImageTag is not set, and the server knows none for version %q", cluster.ErrRefused, version)
	}
	image = repository
	if registry != "" {
		image = strings.TrimRight(registry, "/") + "/" + repository
	}
	if strings.HasPrefix(tag, "sha256:") {
		return image + "@" + tag, nil
	}
	return image + ":" + tag, nil
}

func splitImage(image string) (registry, repository, tag string) {
	if at := strings.LastIndexByte(image, ':'); at > strings.LastIndexByte(image, '/') {
		image, tag = image[:at], image[at+1:]
	}
	if at := strings.LastIndexByte(image, '/'); at >= 0 {
		return image[:at], image[at+1:], tag
	}
	return "", image, tag
}
