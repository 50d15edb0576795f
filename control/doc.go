// Package control is the loop that makes deployments true, and what its
// controllers share: how they are woken, how they look at clusters, how they
// leave a record.
//
// A controller per kind looks, decides and acts (observe.go, decide.go, act.go
// in each). Controllers never call one another: each hand-over is a resource
// that a person can see too, so a crash of ours loses nothing and a decision
// is made anew from what is written. What they decide follows from resources
// and clusters alone; nothing is remembered between two passes.
package control
