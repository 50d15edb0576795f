package catalog

import "slices"

// Distribution is how the rows of a table are dealt out to buckets:
// DISTRIBUTED BY HASH (columns) INTO n BUCKETS. Connectors here have no buckets.
type Distribution struct {
	Kind    string // HASH, RANGE, or empty: the connector's choice
	Columns []string
	Buckets int // 0: the connector's choice
}

// Partition is a partition that was added to a table by name: values of its
// partition columns, in their order.
type Partition []string

// AddPartition notes a partition; false if it is there.
func (t *Table) AddPartition(p Partition) bool {
	if t.partitionAt(p) >= 0 {
		return false
	}
	t.Partitions = append(slices.Clone(t.Partitions), p)
	return true
}

// DropPartition forgets a partition; false if there is none.
func (t *Table) DropPartition(p Partition) bool {
	i := t.partitionAt(p)
	if i < 0 {
		return false
	}
	t.Partitions = slices.Delete(slices.Clone(t.Partitions), i, i+1)
	return true
}

func (t *Table) partitionAt(p Partition) int {
	return slices.IndexFunc(t.Partitions, func(q Partition) bool { return slices.Equal(p, q) })
}
