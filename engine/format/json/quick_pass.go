package json

import "unicode/utf8"

// pass goes past a value that is not wanted.
func (d *decoder) pass(i, end int) int {
	p := d.at
	switch c := letter(p, i); {
	case c == '"':
		return d.passText(i+1, end)
	case c == '{':
		return d.passObject(i+1, end, 0)
	}
	if to := d.passWord(i); to >= 0 {
		return to
	}
	if !d.bounded(i, end) {
		return -1
	}
	next, err := skip(d.p, i)
	if err != nil {
		return -1
	}
	return next
}

// passWord goes past a number, a truth value or NULL.
func (d *decoder) passWord(i int) int {
	p := d.at
	switch letter(p, i) {
	case 'n':
		if null(p, i) {
			return i + 4
		}
	case 't':
		if uint32(eightAt(p, i)) == 't'|'r'<<8|'u'<<16|'e'<<24 {
			return i + 4
		}
	case 'f':
		if eightAt(p, i)<<24 == ('f'|'a'<<8|'l'<<16|'s'<<24|'e'<<32)<<24 {
			return i + 5
		}
	default:
		if _, _, to := digitsAndPoint(p, i); to >= 0 {
			return to
		}
	}
	return -1
}

// passText goes past the string whose first character is at i.
func (d *decoder) passText(i, end int) int {
	to := d.window.stop(i)
	for {
		if to >= end {
			return -1
		}
		c := letter(d.at, to)
		if c == '"' {
			break
		}
		if c != '\\' || plainEscapes[letter(d.at, to+1)] == 0 {
			return -1
		}
		to = d.window.stop(to + 2)
	}
	if d.window.high && !utf8.Valid(d.text[i:to]) {
		return -1
	}
	return to + 1
}

// passObject goes past the members of an object.
func (d *decoder) passObject(i, end, depth int) int {
	p := d.at
	if i >= end || depth > 20 {
		return -1
	}
	if letter(p, i) == '}' {
		return i + 1
	}
	for {
		if letter(p, i) <= ' ' {
			if i = d.blanks(i, end); i < 0 {
				return -1
			}
		}
		if letter(p, i) != '"' {
			return -1
		}
		if i = d.passText(i+1, end); uint(i) >= uint(end) || letter(p, i) != ':' {
			return -1
		}
		if i++; letter(p, i) == ' ' {
			i++
		}
		if i >= end {
			return -1
		}
		if letter(p, i) == '{' {
			i = d.passObject(i+1, end, depth+1)
		} else {
			i = d.pass(i, end)
		}
		if uint(i) >= uint(end) {
			return -1
		}
		c := letter(p, i)
		if c <= ' ' {
			if i = d.blanks(i, end); i < 0 {
				return -1
			}
			c = letter(p, i)
		}
		if c == '}' {
			return i + 1
		}
		if i++; c != ',' || i >= end {
			return -1
		}
	}
}
