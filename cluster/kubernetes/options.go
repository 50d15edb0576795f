package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink/memory"
)

func parseSize(text string) (int64, error) { return memory.ParseSize(text) }

// options are spec.template.spec.kubernetes.
type options struct {
	Labels                 map[string]string       `json:"labels,omitempty"`
	Pods                   *podOptions             `json:"pods,omitempty"`
	JobManagerPodTemplate  *corev1.PodTemplateSpec `json:"jobManagerPodTemplate,omitempty"`
	TaskManagerPodTemplate *corev1.PodTemplateSpec `json:"taskManagerPodTemplate,omitempty"`
}

// podOptions are for all pods of a job.
type podOptions struct {
	Annotations        map[string]string             `json:"annotations,omitempty"`
	Labels             map[string]string             `json:"labels,omitempty"`
	NodeSelector       map[string]string             `json:"nodeSelector,omitempty"`
	Affinity           *corev1.Affinity              `json:"affinity,omitempty"`
	Tolerations        []corev1.Toleration           `json:"tolerations,omitempty"`
	ImagePullSecrets   []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`
	SecurityContext    *corev1.PodSecurityContext    `json:"securityContext,omitempty"`
	VolumeMounts       []volumeMount                 `json:"volumeMounts,omitempty"`
	EnvVars            []corev1.EnvVar               `json:"envVars,omitempty"`
	ServiceAccountName string                        `json:"serviceAccountName,omitempty"`
	InitContainers     []corev1.Container            `json:"initContainers,omitempty"`
	Containers         []corev1.Container            `json:"containers,omitempty"`
}

// volumeMount is a volume and where it is seen.
type volumeMount struct {
	Name        string             `json:"name,omitempty"`
	Volume      corev1.Volume      `json:"volume"`
	VolumeMount corev1.VolumeMount `json:"volumeMount"`
}

// optionsOf reads the options as they are written; a field that nobody knows is
// an error that names it.
func optionsOf(written map[string]any) (options, error) {
	var o options
	if len(written) == 0 {
		return o, nil
	}
	text, err := json.Marshal(written)
	if err != nil {
		return o, fmt.Errorf("read kubernetes: %w", err)
	}
	strict, err := kjson.UnmarshalStrict(text, &o)
	if err != nil {
		return o, fmt.Errorf("read spec.template.spec.kubernetes: %w", err)
	}
	if len(strict) > 0 {
		return o, fmt.Errorf("spec.template.spec.kubernetes: %w", errors.Join(strict...))
	}
	if o.Pods != nil && (o.JobManagerPodTemplate != nil || o.TaskManagerPodTemplate != nil) {
		return o, errors.New("spec.template.spec.kubernetes: pods cannot be set together with pod templates")
	}
	return o, nil
}

// template is the options as a pod template, to be merged like one.
func (p *podOptions) template(container string) *corev1.PodTemplateSpec {
	t := &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Annotations: p.Annotations, Labels: p.Labels},
		Spec: corev1.PodSpec{
			NodeSelector: p.NodeSelector, Affinity: p.Affinity, Tolerations: p.Tolerations, ImagePullSecrets: p.ImagePullSecrets,
			SecurityContext: p.SecurityContext, ServiceAccountName: p.ServiceAccountName, InitContainers: p.InitContainers,
		},
	}
	main := corev1.Container{Name: container, Env: p.EnvVars}
	for _, m := range p.VolumeMounts {
		volume, mount := m.Volume, m.VolumeMount
		if volume.Name == "" {
			volume.Name = m.Name
		}
		if mount.Name == "" {
			mount.Name = volume.Name
		}
		if !slices.ContainsFunc(t.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume.Name }) {
			t.Spec.Volumes = append(t.Spec.Volumes, volume)
		}
		main.VolumeMounts = append(main.VolumeMounts, mount)
	}
	t.Spec.Containers = append([]corev1.Container{main}, p.Containers...)
	return t
}

// merge puts what the user wants of a pod over what we make, as Kubernetes
// merges: containers, volumes and variables by their names, mounts by their
// paths. What the cluster needs to be found and to run stays ours.
func (b *builder) merge(ours corev1.PodTemplateSpec, component string, users *corev1.PodTemplateSpec) (corev1.PodTemplateSpec, error) {
	main := mainContainer(component)
	if b.options.Pods != nil {
		users = b.options.Pods.template(main)
	}
	if users == nil {
		return ours, nil
	}
	users = users.DeepCopy()
	for _, v := range users.Spec.Volumes {
		if strings.HasPrefix(v.Name, "weir-") {
			return ours, fmt.Errorf("%w: volume %s belongs to weir: call yours otherwise", cluster.ErrRefused, v.Name)
		}
	}
	for i, c := range users.Spec.Containers {
		// A template may name the container as on Ververica Platform.
		if component == componentEngine && (c.Name == mainContainer(componentJobManager) || c.Name == mainContainer(componentTaskManager)) {
			users.Spec.Containers[i].Name = main
		}
		// Or as in Flink's native mode.
		if c.Name == nativeContainer {
			users.Spec.Containers[i].Name = main
		}
	}
	a, err := json.Marshal(ours)
	if err != nil {
		return ours, fmt.Errorf("merge pod options: %w", err)
	}
	patch, err := json.Marshal(users)
	if err != nil {
		return ours, fmt.Errorf("merge pod options: %w", err)
	}
	if patch, err = withoutNothing(patch); err != nil {
		return ours, fmt.Errorf("merge pod options: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(a, patch, corev1.PodTemplateSpec{})
	if err != nil {
		return ours, fmt.Errorf("%w: merge spec.template.spec.kubernetes into the pod: %w", cluster.ErrRefused, err)
	}
	var out corev1.PodTemplateSpec
	if err := json.Unmarshal(merged, &out); err != nil {
		return ours, fmt.Errorf("merge pod options: %w", err)
	}
	out.Labels = b.labels(component, out.Labels)
	maps.Copy(out.Labels, ours.Labels)
	c, own := mainOf(&out, component), ours.Spec.Containers[0]
	if len(own.Command) > 0 {
		c.Command = own.Command
	}
	c.Args = own.Args
	// The main container comes first: it is whose log people see.
	i := slices.IndexFunc(out.Spec.Containers, func(c corev1.Container) bool { return c.Name == main })
	out.Spec.Containers[0], out.Spec.Containers[i] = out.Spec.Containers[i], out.Spec.Containers[0]
	for _, all := range [][]corev1.Container{out.Spec.Containers, out.Spec.InitContainers} {
		for i := range all {
			if all[i].TerminationMessagePolicy == "" { // the end of its log says why it ended
				all[i].TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
			}
		}
	}
	// Ours come before the user's, who may use what they bring.
	slices.SortStableFunc(out.Spec.InitContainers, func(x, y corev1.Container) int { return rank(x.Name) - rank(y.Name) })
	if users.Spec.ServiceAccountName != "" && users.Spec.AutomountServiceAccountToken == nil {
		out.Spec.AutomountServiceAccountToken = nil // it is wanted for its rights
	}
	return out, nil
}

func rank(container string) int {
	if container == initContainer {
		return 0
	}
	return 1
}

// initContainer is the name of the container that brings weir and files.
const initContainer = "weir-init"

// withoutNothing takes nulls out of a document: in a patch they would take away.
func withoutNothing(doc []byte) ([]byte, error) {
	var v map[string]any
	if err := json.Unmarshal(doc, &v); err != nil {
		return nil, err
	}
	delete(v, "status")
	return json.Marshal(dropNull(v))
}

func dropNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, each := range v {
			if each == nil {
				delete(v, k)
				continue
			}
			v[k] = dropNull(each)
		}
	case []any:
		for i := range v {
			v[i] = dropNull(v[i])
		}
	}
	return v
}

func mainOf(t *corev1.PodTemplateSpec, component string) *corev1.Container {
	name := mainContainer(component)
	for i := range t.Spec.Containers {
		if t.Spec.Containers[i].Name == name {
			return &t.Spec.Containers[i]
		}
	}
	return &t.Spec.Containers[0]
}
