// Package torture runs stateful queries with exactly-once files in processes of
// their own and makes everything go wrong that can: tasks panic, processes are
// killed, disks refuse, are slow, lose the end of what was not finished, and rot.
// Whatever happens, the files must hold what an undisturbed run writes; damage
// of a checkpoint must be told, and an older one taken.
//
// A schedule of faults comes from its seed alone:
//
//	go test ./test/torture -args -torture 500
//	go test ./test/torture -v -args -torture 1 -torture-seed 17
package torture
