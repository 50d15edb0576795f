package match

// queue is partial or complete matches, the one that began first in front. Which
// of those that began with the same row comes first shows in results, so it is
// kept as Flink keeps it: in a binary heap with the moves of Java's.
type queue struct{ a []*partial }

// before orders by the first row; what has not begun comes last.
func before(x, y *partial) int {
	switch {
	case x.start == nil && y.start == nil:
		return 0
	case x.start == nil:
		return 1
	case y.start == nil:
		return -1
	}
	return x.start.compare(y.start)
}

func (q *queue) peek() *partial {
	if len(q.a) == 0 {
		return nil
	}
	return q.a[0]
}

func (q *queue) add(x *partial) {
	q.a = append(q.a, x)
	k := len(q.a) - 1
	for k > 0 {
		up := (k - 1) / 2
		if before(x, q.a[up]) >= 0 {
			break
		}
		q.a[k] = q.a[up]
		k = up
	}
	q.a[k] = x
}

func (q *queue) poll() *partial {
	first, last := q.a[0], q.a[len(q.a)-1]
	q.a[len(q.a)-1] = nil
	q.a = q.a[:len(q.a)-1]
	if len(q.a) > 0 {
		q.down(0, last)
	}
	return first
}

func (q *queue) down(k int, x *partial) {
	n := len(q.a)
	for k < n/2 {
		c := 2*k + 1
		if c+1 < n && before(q.a[c], q.a[c+1]) > 0 {
			c++
		}
		if before(x, q.a[c]) <= 0 {
			break
		}
		q.a[k] = q.a[c]
		k = c
	}
	q.a[k] = x
}

// remove takes out what f says.
func (q *queue) remove(f func(x *partial) bool) {
	n := 0
	for _, x := range q.a {
		if !f(x) {
			q.a[n] = x
			n++
		}
	}
	if n == len(q.a) {
		return
	}
	clear(q.a[n:])
	q.a = q.a[:n]
	for k := n/2 - 1; k >= 0; k-- {
		q.down(k, q.a[k])
	}
}
