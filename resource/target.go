package resource

// DeploymentTarget says where deployments run: it chooses the launcher, and
// with it the engine.
type DeploymentTarget struct {
	Kind       Kind                 `json:"kind"`
	APIVersion string               `json:"apiVersion"`
	Metadata   Metadata             `json:"metadata"`
	Spec       DeploymentTargetSpec `json:"spec"`
}

// DeploymentTargetSpec names a launcher. A target with only kubernetes.namespace,
// as Ververica Platform's clients write it, means the kubernetes launcher.
type DeploymentTargetSpec struct {
	Launcher   string           `json:"launcher,omitzero"` // process, embedded, flink, kubernetes
	Kubernetes KubernetesTarget `json:"kubernetes,omitzero"`
}

// KubernetesTarget is a namespace of a Kubernetes cluster.
type KubernetesTarget struct {
	Namespace string `json:"namespace,omitzero"`
	// KubeconfigSecret names the secret value that holds the kubeconfig of
	// another Kubernetes; empty: the server's own.
	KubeconfigSecret string `json:"kubeconfigSecret,omitzero"`
	// Engine is what runs there: empty, SQL on weir's engine and other programs
	// on Flink; weir, SQL only; flink, everything on Flink.
	Engine string `json:"engine,omitzero"`
}

// DeploymentDefaults fills what a new deployment leaves out; one per namespace.
type DeploymentDefaults struct {
	Kind       Kind           `json:"kind"`
	APIVersion string         `json:"apiVersion"`
	Metadata   Metadata       `json:"metadata"`
	Spec       DeploymentSpec `json:"spec"`
}

// Namespace separates teams. Its API is the Platform API, whose wire form
// (names like "namespaces/default") the server makes from this.
type Namespace struct {
	Kind       Kind            `json:"kind"`
	APIVersion string          `json:"apiVersion"`
	Metadata   Metadata        `json:"metadata"` // Namespace is empty: namespaces live in none
	Spec       NamespaceSpec   `json:"spec"`
	Status     NamespaceStatus `json:"status"`
}

// NamespaceSpec is who may do what in it.
type NamespaceSpec struct {
	RoleBindings []RoleBinding `json:"roleBindings,omitzero"`
	// PreviewSessionClusterName runs the previews of SELECT; empty: an engine
	// inside the server.
	PreviewSessionClusterName string `json:"previewSessionClusterName,omitzero"`
}

// RoleBinding gives a role to members such as user:x, group:y, system:authenticated.
type RoleBinding struct {
	Role    string   `json:"role"`
	Members []string `json:"members"`
}

// NamespaceStatus is its phase, and what a deletion waits for.
type NamespaceStatus struct {
	Phase   string `json:"phase"`
	Since   Time   `json:"since,omitzero"` // TERMINATING: since when
	Message string `json:"message,omitzero"`
}

// Phases of a Namespace.
const (
	NamespaceActive      = "ACTIVE"
	NamespaceTerminating = "TERMINATING" // being emptied, then removed
)

// ResourceKind, Meta and SpecOf make *DeploymentTarget an Object.
func (t *DeploymentTarget) ResourceKind() Kind { return KindDeploymentTarget }

// Meta returns the metadata for writing.
func (t *DeploymentTarget) Meta() *Metadata { return &t.Metadata }

// SpecOf returns the wanted part.
func (t *DeploymentTarget) SpecOf() any { return t.Spec }

// ResourceKind, Meta and SpecOf make *DeploymentDefaults an Object.
func (d *DeploymentDefaults) ResourceKind() Kind { return KindDeploymentDefaults }

// Meta returns the metadata for writing.
func (d *DeploymentDefaults) Meta() *Metadata { return &d.Metadata }

// SpecOf returns the wanted part.
func (d *DeploymentDefaults) SpecOf() any { return d.Spec }

// ResourceKind, Meta and SpecOf make *Namespace an Object.
func (n *Namespace) ResourceKind() Kind { return KindNamespace }

// Meta returns the metadata for writing.
func (n *Namespace) Meta() *Metadata { return &n.Metadata }

// SpecOf returns the wanted part.
func (n *Namespace) SpecOf() any { return n.Spec }
