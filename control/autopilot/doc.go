// Package autopilot lets the parallelism of deployments follow their load: it
// measures how busy the stages of a job are, works out the parallelism at
// which none of them holds up the others, and recommends it or, in mode
// ACTIVE, writes it as a change of the spec like anybody's.
//
// The measure is the true processing rate: how many rows a stage takes in the
// time that it really works. A stage's demand is what its sources would send
// if nothing waited. It acts only on measurements that agree, never within the
// cooldown after a change, and never where a restart would lose state.
package autopilot
