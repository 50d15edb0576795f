// Package kubernetes runs clusters as pods: weir's engine in one pod, or Flink
// as a JobManager and TaskManagers.
//
// A Secret with the cluster's spec is the root of all its objects: they carry
// its labels and are owned by it, so everything is found again and deleting the
// root leaves nothing behind. The main pod, which is the engine or the
// JobManager, is made at most once: the root is marked before the pod is asked
// for, and a root that is marked never gets another pod. What a job goes on from
// after its pod is gone is for the platform to decide.
//
// Nothing is taken for absent that was not proved to be: the proof is the API
// server's answer, asked for anew, that neither root nor pods are there. A pod
// on a node that does not answer may run; Kubernetes itself takes it away when
// the node is proved gone, and until then it is unknown.
package kubernetes
