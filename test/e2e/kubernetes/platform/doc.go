// Package platform holds the tests of the platform at home in a real
// Kubernetes: the image that make image makes, installed by the chart with helm,
// under restricted pod security, as a user that nobody chose, with no other
// rights than the chart's. Its databases and buckets are real servers beside the
// cluster.
//
// The tests need root and take minutes, so they run when WEIR_E2E_KUBERNETES is
// set, as make e2e-kubernetes does. For work on them, keep a cluster up:
//
//	CLUSTER=mine APISERVER_FLAGS="--feature-gates=MutatingAdmissionPolicy=true \
//	  --runtime-config=admissionregistration.k8s.io/v1beta1=true" test/kubernetes/kubernetes.sh up --nodes 2
//	CLUSTER=mine WEIR_E2E_KUBERNETES=1 WEIR_BINARY=... go test ./test/e2e/kubernetes/platform -run X
package platform
