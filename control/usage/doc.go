// Package usage records how many CPUs the jobs of each namespace have asked
// for: a record for every change, a minute the finest, and one a day without.
//
// Only one server of a database may record; the one that leads does.
package usage
