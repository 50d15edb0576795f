package main

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
)

// materialized folds a changelog into a table: a multiset of rows, in the order
// in which they first came. A row that is put in right after another was taken
// out takes its place, as an update does.
type materialized struct {
	at      map[string]int
	list    [][]*string
	count   []int
	live    int64 // rows, each as often as it is there
	changes int64
	hole    int // place of the row that was taken out last; -1: none
	key     []byte
}

func newMaterialized() *materialized { return &materialized{at: map[string]int{}, hole: -1} }

func (m *materialized) apply(op data.Op, row []*string) {
	m.changes++
	m.key = appendRowKey(m.key[:0], row)
	k, seen := m.at[string(m.key)]
	switch {
	case op.Adds() && seen:
		m.count[k]++
		m.live++
	case op.Adds():
		if m.hole < 0 {
			m.hole = len(m.list)
			m.list, m.count = append(m.list, nil), append(m.count, 0)
		}
		m.list[m.hole], m.count[m.hole], m.at[string(m.key)] = row, 1, m.hole
		m.live++
	case seen:
		m.live--
		if m.count[k]--; m.count[k] > 0 {
			break
		}
		delete(m.at, string(m.key))
		m.list[k] = nil
		m.hole = k
		if len(m.list) > 1024 && len(m.list) > 2*len(m.at) {
			m.pack()
		}
		return
	}
	m.hole = -1
}

// pack leaves out the places of rows that are gone, but for the newest.
func (m *materialized) pack() {
	n := 0
	for k, row := range m.list {
		if row == nil && k != m.hole {
			continue
		}
		if k == m.hole {
			m.hole = n
		}
		m.list[n], m.count[n] = row, m.count[k]
		n++
	}
	clear(m.list[n:])
	m.list, m.count = m.list[:n], m.count[:n]
	moved := make(map[string]int, len(m.at))
	for k, row := range m.list {
		if row != nil {
			moved[string(appendRowKey(nil, row))] = k
		}
	}
	m.at = moved
}

// rows are the rows of the table, at most so many of the first; negative: all.
func (m *materialized) rows(most int) [][]*string {
	var rows [][]*string
	for i, row := range m.list {
		for range m.count[i] {
			if most >= 0 && len(rows) == most {
				return rows
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// appendRowKey appends what tells a row from others.
func appendRowKey(key []byte, row []*string) []byte {
	for _, v := range row {
		if v == nil {
			key = append(key, 0)
			continue
		}
		key = append(strconv.AppendInt(key, int64(len(*v)), 10), ':')
		key = append(key, *v...)
	}
	return key
}
