package resource

import "strings"

// UsageRecord says how many CPUs the jobs of a namespace had from a minute on,
// until its next record.
type UsageRecord struct {
	Namespace string
	At        Time
	Used      float64
}

// Compare orders records by time and then namespace.
func (r UsageRecord) Compare(other UsageRecord) int {
	if c := r.At.Compare(other.At.Time); c != 0 {
		return c
	}
	return strings.Compare(r.Namespace, other.Namespace)
}
