package udf

import (
	"errors"
	"fmt"
	"time"
)

// A module that runs is changed so that it counts: each round of a loop and each
// entry of a function takes one from a number, large copies take more, and it
// traps when nothing is left. Asking the host at each loop instead costs fifty
// times as much.

// fuelName is the global that holds what is left. No compiler makes such a name.
const fuelName = "weir: what is left"

// fuelOf is what a module may use in a time: a unit is some nanoseconds.
func fuelOf(d time.Duration) int64 { return max(int64(d/time.Millisecond)*100_000, 1_000_000) }

// errUnmetered is a module with instructions that are not known here. It is run
// by asking the host at each loop.
var errUnmetered = errors.New("the module has instructions that are not known")

// Numbers of sections.
const (
	sectionType   = 1
	sectionImport = 2
	sectionFunc   = 3
	sectionGlobal = 6
	sectionExport = 7
	sectionCode   = 10
)

// reader reads a module; what goes wrong is remembered.
type reader struct {
	p   []byte
	at  int
	bad bool
}

func (r *reader) byte() byte {
	if r.at >= len(r.p) {
		r.bad = true
		return 0
	}
	r.at++
	return r.p[r.at-1]
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.p)-r.at {
		r.bad = true
		return nil
	}
	r.at += n
	return r.p[r.at-n : r.at : r.at]
}

// leb skips a number of any sort and gives it as if it had no sign.
func (r *reader) leb() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if shift < 64 {
			n |= uint64(b&0x7f) << shift
		}
		if b&0x80 == 0 || r.bad {
			return n
		}
	}
}

func (r *reader) count() int {
	n := r.leb()
	if n > uint64(len(r.p)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) done() bool { return r.bad || r.at >= len(r.p) }

func putU(out []byte, n uint64) []byte {
	for n >= 0x80 {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, byte(n))
}

func putS(out []byte, n int64) []byte {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// meter changes a module.
type meter struct {
	params  []int // of each type
	types   []int // of each function of the code
	globals int
	initial int64

	take []byte // takes one
}

// metered gives the module that counts, with what it has at first.
func metered(code []byte, initial int64) ([]byte, error) {
	r := &reader{p: code}
	if string(r.take(4)) != "\x00asm" || r.bad {
		return nil, errUnmetered
	}
	r.take(4)
	m := &meter{initial: initial}
	out := append([]byte(nil), code[:8]...)
	global := false
	for !r.done() {
		id := r.byte()
		content := r.take(r.count())
		if r.bad {
			return nil, errUnmetered
		}
		if id > sectionGlobal && id <= sectionCode && !global {
			global = true
			out = section(out, sectionGlobal, append([]byte{1}, m.global()...))
		}
		var err error
		switch id {
		case sectionType:
			err = m.readTypes(content)
		case sectionImport:
			err = m.readImports(content)
		case sectionFunc:
			s := &reader{p: content}
			for range s.count() {
				m.types = append(m.types, int(s.leb()))
			}
		case sectionGlobal:
			global = true
			s := &reader{p: content}
			n := s.count()
			m.globals += n
			content = append(append(putU(nil, uint64(n+1)), content[s.at:]...), m.global()...)
		case sectionExport:
			s := &reader{p: content}
			n := s.count()
			content = append(putU(nil, uint64(n+1)), content[s.at:]...)
			content = append(append(putU(content, uint64(len(fuelName))), fuelName...), 3)
			content = putU(content, uint64(m.globals))
		case sectionCode:
			content, err = m.code(content)
		}
		if err != nil {
			return nil, err
		}
		out = section(out, id, content)
	}
	return out, nil
}

func section(out []byte, id byte, content []byte) []byte {
	return append(putU(append(out, id), uint64(len(content))), content...)
}

// global declares what is left.
func (m *meter) global() []byte { return append(putS([]byte{0x7e, 1, 0x42}, m.initial), 0x0b) }

func (m *meter) readTypes(content []byte) error {
	r := &reader{p: content}
	for range r.count() {
		if r.byte() != 0x60 {
			return errUnmetered
		}
		n := r.count()
		r.take(n)
		r.take(r.count())
		m.params = append(m.params, n)
	}
	if r.bad {
		return errUnmetered
	}
	return nil
}

func (m *meter) readImports(content []byte) error {
	r := &reader{p: content}
	limits := func() {
		if r.byte()&1 != 0 {
			r.leb()
		}
		r.leb()
	}
	for range r.count() {
		r.take(r.count())
		r.take(r.count())
		switch r.byte() {
		case 0:
			r.leb()
		case 1:
			r.byte()
			limits()
		case 2:
			limits()
		case 3:
			r.take(2)
			m.globals++
		default:
			return errUnmetered
		}
	}
	if r.bad {
		return errUnmetered
	}
	return nil
}

// code changes the bodies of all functions.
func (m *meter) code(content []byte) ([]byte, error) {
	get := putU([]byte{0x23}, uint64(m.globals))
	set := putU([]byte{0x24}, uint64(m.globals))
	m.take = append(m.take, get...)
	m.take = append(m.take, 0x42, 1, 0x7d)
	m.take = append(m.take, set...)
	m.take = append(m.take, get...)
	m.take = append(m.take, 0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b) // less than 0: unreachable

	r := &reader{p: content}
	n := r.count()
	if n != len(m.types) {
		return nil, errUnmetered
	}
	out := putU(make([]byte, 0, len(content)+len(content)/2), uint64(n))
	for i := range n {
		body := r.take(r.count())
		if r.bad || m.types[i] >= len(m.params) {
			return nil, errUnmetered
		}
		changed, err := m.body(body, m.params[m.types[i]])
		if err != nil {
			return nil, err
		}
		out = append(putU(out, uint64(len(changed))), changed...)
	}
	return out, nil
}

// body changes one function, with one more local for lengths of copies.
func (m *meter) body(body []byte, params int) ([]byte, error) {
	r := &reader{p: body}
	groups := r.count()
	first := r.at
	local := uint64(params)
	for range groups {
		local += r.leb()
		r.leb() // the type
	}
	if r.bad || local > 1<<20 {
		return nil, errUnmetered
	}
	out := putU(make([]byte, 0, len(body)+len(body)/2+64), uint64(groups+1))
	out = append(out, body[first:r.at]...)
	out = append(out, 1, 0x7f)
	out = append(out, m.take...)
	from := r.at
	for !r.done() {
		at := r.at
		loop, bulk, err := r.instruction()
		if err != nil {
			return nil, err
		}
		if bulk { // takes one for each 64 bytes
			out = append(out, body[from:at]...)
			out = putU(append(out, 0x22), local)
			out = putU(append(out, 0x23), uint64(m.globals))
			out = putU(append(out, 0x20), local)
			out = append(out, 0xad, 0x42, 6, 0x88, 0x7d)
			out = putU(append(out, 0x24), uint64(m.globals))
			from = at
		}
		if loop {
			out = append(out, body[from:r.at]...)
			out = append(out, m.take...)
			from = r.at
		}
	}
	if r.bad {
		return nil, errUnmetered
	}
	return append(out, body[from:]...), nil
}

// instruction skips one, and tells whether it begins a loop or copies memory.
func (r *reader) instruction() (loop, bulk bool, err error) {
	switch op := r.byte(); {
	case op == 0x03:
		r.leb()
		return true, false, nil
	case op == 0x02, op == 0x04, op == 0x0c, op == 0x0d, op == 0x10, op == 0x12, op >= 0x20 && op <= 0x26,
		op == 0x41, op == 0x42, op == 0xd0, op == 0xd2:
		r.leb()
	case op <= 0x01, op == 0x05, op == 0x0b, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
	case op == 0x0e:
		for range r.count() + 1 {
			r.leb()
		}
	case op == 0x11, op == 0x13, op >= 0x28 && op <= 0x3e:
		r.leb()
		r.leb()
	case op == 0x1c:
		r.take(r.count())
	case op == 0x3f, op == 0x40:
		r.byte()
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == 0xfc:
		return r.miscellaneous()
	case op == 0xfd:
		return false, false, r.vector()
	default:
		return false, false, errUnmetered
	}
	return false, false, nil
}

func (r *reader) miscellaneous() (loop, bulk bool, err error) {
	switch op := r.leb(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7:
	case 8, 10:
		r.leb()
		r.leb()
		return false, true, nil
	case 11:
		r.leb()
		return false, true, nil
	case 9, 13, 16:
		r.leb()
	case 12, 14:
		r.leb()
		r.leb()
	case 15, 17:
		return false, false, fmt.Errorf("the module makes tables grow (instruction 0xfc %d), which is not allowed", op)
	default:
		return false, false, errUnmetered
	}
	return false, false, nil
}

func (r *reader) vector() error {
	switch op := r.leb(); {
	case op <= 11, op == 92, op == 93:
		r.leb()
		r.leb()
	case op == 12, op == 13:
		r.take(16)
	case op >= 21 && op <= 34:
		r.byte()
	case op >= 84 && op <= 91:
		r.leb()
		r.leb()
		r.byte()
	case op > 275:
		return errUnmetered
	}
	return nil
}
