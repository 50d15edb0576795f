// Package kubernetes holds the tests that run weir against a real Kubernetes:
// see test/kubernetes.
//
// The tests need root and take minutes, so they run when WEIR_E2E_KUBERNETES is
// set, as make e2e-kubernetes does. For work on them, keep a cluster up:
//
//	CLUSTER=kube test/kubernetes/kubernetes.sh up --nodes 2 --node-grace 12
//	CLUSTER=kube WEIR_E2E_KUBERNETES=1 WEIR_BINARY=... go test ./test/e2e/kubernetes -run X
//
// WEIR_E2E_KUBERNETES=engine makes no images of Flink, which takes minutes.
package kubernetes
