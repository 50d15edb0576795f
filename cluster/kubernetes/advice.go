package kubernetes

import "strings"

// advice is what somebody can do about words of Kubernetes.
type advice struct {
	says string // in the words, whatever the case of letters
	do   string
}

// ofImages are about images that are not there, in the words of containerd,
// CRI-O and registries.
var ofImages = []advice{
	{"unauthorized", credentials},
	{"authentication required", credentials},
	{"authorization failed", credentials},
	{"pull access denied", credentials},
	{"no basic auth credentials", credentials},
	{"requested access to the resource is denied", credentials},
	{"403 forbidden", credentials},
	{"not found", "there is no such image: check its name and tag"},
	{"manifest unknown", "there is no such image: check its name and tag"},
	{"no such host", unreachable},
	{"connection refused", unreachable},
	{"i/o timeout", unreachable},
	{"deadline exceeded", unreachable},
	{"network is unreachable", unreachable},
	{"x509", "the nodes do not trust the registry's certificate: its authority belongs into the configuration of the nodes' container runtime"},
	{"no match for platform", "the image is not made for the processors of the node"},
	{"no space left", "the disk of the node is full"},
	{"neverpull", "the image is not on the node, and is not to be pulled: load it there, or change the server's --pod-image-pull-policy"},
	{"imagenever", "the image is not on the node, and is not to be pulled: load it there, or change the server's --pod-image-pull-policy"},
	{"invalidimagename", "that is no name of an image"},
	{"", "check the name of the image, and that the nodes may pull it (kubernetes.pods.imagePullSecrets)"},
}

const (
	credentials = "the registry does not let the nodes pull it, or has no such image: name a secret with the right credentials in kubernetes.pods.imagePullSecrets, and check the name"
	unreachable = "the node does not reach the registry: check the registry's name and the node's network"
)

// ofPlaces are about pods that no node takes, in the words of the scheduler. All
// that apply are given.
var ofPlaces = []advice{
	{"insufficient cpu", "ask for fewer processors in resources, or add nodes"},
	{"insufficient memory", "ask for less memory in resources, or add nodes"},
	{"insufficient ephemeral-storage", "ask for less ephemeral-storage, or add nodes"},
	{"insufficient ", "ask for less of what is insufficient in resources or pod options, or add nodes"},
	{"too many pods", "the nodes have as many pods as they may: add nodes"},
	{"node affinity/selector", "change nodeSelector or affinity so that they match a node, or label one"},
	{"node affinity conflict", "the volume can only be used on nodes that do not take the pod: change nodeSelector or affinity, or use another volume"},
	{"pod affinity", "change the affinity of the pods"},
	{"pod anti-affinity", "change the anti-affinity of the pods, or add nodes"},
	{"untolerated taint", "add a toleration for the taint (kubernetes.pods.tolerations), or take it from the node"},
	{"were unschedulable", "nodes are cordoned: wait for their upgrade, or uncordon one"},
	{"persistentvolumeclaim", "check the claims that kubernetes.pods.volumeMounts name: each must exist and be bound"},
	{"volume", "check kubernetes.pods.volumeMounts, and that what they name exists"},
	{"", "change nodeSelector, affinity or tolerations, ask for less in resources, or add nodes"},
}

// ofAdmission are about pods that the API server does not take.
var ofAdmission = []advice{
	{"exceeded quota", "the quota of the namespace is used up: raise it, or ask for less in resources"},
	{"failed quota", "the quota of the namespace wants that pods say what they need: set resources"},
	{"violates podsecurity", "the namespace admits no such pod: change what it names in spec.template.spec.kubernetes"},
	{"usage per", "a LimitRange of the namespace forbids that: change resources"},
	{"limit to request ratio", "a LimitRange of the namespace forbids that: change resources"},
	{"validatingadmissionpolicy", "a policy of the cluster forbids that: change what it names in spec.template.spec.kubernetes"},
	{"denied the request", "a policy of the cluster forbids that: change what it names in spec.template.spec.kubernetes"},
	{"no priorityclass", "make the priority class, or name another in the pod template"},
	{"error looking up service account", "make the service account, or name another in kubernetes.pods.serviceAccountName"},
}

// ofPressure are about pods that a node ended to save itself or others.
var ofPressure = []advice{
	{"resource: memory", "ask for as much memory in resources as it uses, so that it is not the first to go"},
	{"ephemeral local storage", "what it writes to its disk is more than it may: raise the limit of ephemeral-storage in its pod template"},
	{"emptydir volume", "what it writes to that volume is more than it may: raise its sizeLimit"},
	{"ephemeral-storage", "the disk of the node is full: ask for ephemeral-storage in its pod template, or give it a volume"},
	{"process ids", "the node has no process ids left"},
}

// firstOf is the first advice that applies; empty: none does.
func firstOf(all []advice, words string) string {
	words = strings.ToLower(words)
	for _, a := range all {
		if strings.Contains(words, a.says) {
			return a.do
		}
	}
	return ""
}

// placesOf is the advice on why no node takes a pod.
func placesOf(words string) string {
	words = strings.ToLower(words)
	var do []string
	for _, a := range ofPlaces {
		general := a.says == "" || a.says == "insufficient " || a.says == "volume"
		if strings.Contains(words, a.says) && (!general || len(do) == 0) {
			do = append(do, a.do)
		}
	}
	return strings.Join(do, "; ")
}

// advise adds to what Kubernetes says what somebody can do.
func advise(reason, message string) string {
	do := ""
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "Failed":
		if strings.Contains(message, "image") {
			do = firstOf(ofImages, reason+" "+message)
		}
	case "Unschedulable", "FailedScheduling":
		message, _, _ = strings.Cut(message, " preemption:") // what it could do is about other pods
		message = strings.TrimSuffix(strings.TrimRight(message, ", "), "no new claims to deallocate")
		do = "no node has room for it: " + placesOf(message)
	case "FailedCreate":
		do = firstOf(ofAdmission, message)
	case "FailedMount", "FailedAttachVolume":
		do = "check kubernetes.pods.volumeMounts, and that what they name exists"
	case "CreateContainerConfigError":
		do = "check that the secrets and config maps exist that its variables and volumes name"
	case "Evicted":
		do = firstOf(ofPressure, message)
	}
	if do == "" {
		return message
	}
	return strings.TrimRight(message, ". ") + "; " + do
}
