package regex

// node is a part of a pattern.
type node interface{}

type (
	// sequence is one part after the other; without parts it is the empty text.
	sequence struct{ parts []node }
	// either is the first of alternatives that leads to a match.
	either struct{ parts []node }
	// chars is one character of a set.
	chars struct{ set set }
	// repeat is a part min to max times, max -1 without bound.
	repeat struct {
		part     node
		min, max int
		kind     kind
		slot     int // of its counter
	}
	// group remembers what it matched.
	group struct {
		part   node
		number int
	}
	// backref is the text of a group again.
	backref struct {
		number      int
		fold, ufold bool
	}
	// look is an assertion about what follows or precedes.
	look struct {
		part            node
		behind, negated bool
		least, most     int // characters, when behind
	}
	// atomic does not try another way once it has matched.
	atomic struct{ part node }
	// place is an assertion without a width.
	place struct{ what placeKind }
	// lineBreak is \R, cluster is \X.
	lineBreak struct{}
	cluster   struct{}
)

type kind uint8

const (
	greedy kind = iota
	lazy
	possessive
)

type placeKind uint8

const (
	begin         placeKind = iota // \A, ^
	beginLine                      // (?m)^
	beginLineUnix                  // (?md)^
	end                            // \z
	beforeEnd                      // \Z, $
	beforeEndUnix                  // (?d)$
	endLine                        // (?m)$
	endLineUnix                    // (?md)$
	wordBoundary
	notBoundary
	lastMatch // \G
	never
)

// length tells how many characters a node takes, most -1 for no bound.
func length(n node) (least, most int) {
	switch n := n.(type) {
	case *sequence:
		for _, p := range n.parts {
			a, b := length(p)
			least, most = least+a, add(most, b)
		}
	case *either:
		for i, p := range n.parts {
			a, b := length(p)
			if i == 0 {
				least, most = a, b
				continue
			}
			least = min(least, a)
			if most < 0 || b < 0 {
				most = -1
			} else {
				most = max(most, b)
			}
		}
	case *chars:
		return 1, 1
	case *repeat:
		a, b := length(n.part)
		least, most = n.min*a, -1
		_, single := n.part.(*chars)
		switch {
		case single && n.max < 0 && n.kind == greedy:
			most = 1 << 31 // so Java allows it in a look-behind
		case b == 0:
			most = 0
		case n.max >= 0 && b > 0 && n.max < 1<<24/b:
			most = n.max * b
		}
	case *group:
		return length(n.part)
	case *atomic:
		return length(n.part)
	case *backref, *cluster:
		return 0, -1
	case *lineBreak:
		return 1, 2
	}
	return least, most
}

func add(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}
