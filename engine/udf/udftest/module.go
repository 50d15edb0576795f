// Package udftest makes modules of functions for tests: those of the examples,
// built from source, and small ones by hand that misbehave.
package udftest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var (
	mu    sync.Mutex
	built = map[string]string{} // by language
	dir   string
)

// Go builds examples/udf/go, once for a test binary, and gives its path.
func Go(t testing.TB) string {
	t.Helper()
	return build(t, "go", func(source, to string) *exec.Cmd {
		c := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", to, ".")
		c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		return c
	})
}

// Rust builds examples/udf/rust; the test is skipped where Rust or its target
// for WebAssembly is not installed.
func Rust(t testing.TB) string {
	t.Helper()
	const target = "wasm32-unknown-unknown"
	root, err := exec.Command("rustc", "--print", "sysroot").Output()
	if err != nil {
		t.Skip("Rust is not installed")
	}
	if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(root)), "lib/rustlib", target, "lib")); err != nil {
		t.Skip("Rust is not installed for " + target)
	}
	return build(t, "rust", func(source, to string) *exec.Cmd {
		c := exec.Command("rustc", "--edition", "2021", "--crate-type", "cdylib", "--target", target, "-O", "-C", "panic=abort", "-o", to, "src/lib.rs")
		return c
	})
}

func build(t testing.TB, language string, command func(source, to string) *exec.Cmd) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if built[language] != "" {
		return built[language]
	}
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "weir-udf"); err != nil {
			t.Fatal(err)
		}
	}
	_, here, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(here) { // built with -trimpath: the test runs in the folder of its package
		here = moduleRoot(t) + "/engine/udf/udftest/module.go"
	}
	source := filepath.Join(filepath.Dir(here), "../../../examples/udf", language)
	to := filepath.Join(dir, language+".wasm")
	c := command(source, to)
	c.Dir = source
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build the example in %s: %v\n%s", language, err, out)
	}
	built[language] = to
	return to
}

func moduleRoot(t testing.TB) string {
	at, err := os.Getwd()
	for err == nil && at != "/" {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		at = filepath.Dir(at)
	}
	t.Fatal("the folder of go.mod is not above the test")
	return ""
}

// Remove removes what was built; for TestMain.
func Remove() {
	mu.Lock()
	defer mu.Unlock()
	if dir != "" {
		os.RemoveAll(dir)
	}
}

// By hand: a module of one function over one BIGINT.
type By struct {
	Describe string // the JSON; empty: one function "f"
	Room     []byte // the code of weir_room after its locals; nil: a fixed place
	Call     []byte // of weir_call, likewise; nil: gives the argument back
	Start    []byte // of _initialize; nil: there is none
	Without  string // an export to leave out
	Memory   uint64 // pages; 0: 4
}

// Description is what a module of By says of itself if nothing else is given.
const Description = `{"abi":1,"functions":[{"name":"f","kind":"scalar","args":["BIGINT"],"result":"BIGINT","strict":true}]}`

// Codes of instructions, for By.
var (
	Unreachable = []byte{0x00}
	Forever     = []byte{0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00} // loop br 0 end unreachable
)

// Const pushes a number.
func Const(n int32) []byte { return append([]byte{0x41}, signed(int64(n))...) }

// Echo gives the column of the request back, and breaks down where it has number bad.
func Echo(bad int64) []byte {
	cat := func(parts ...[]byte) []byte {
		var out []byte
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	load := func(offset byte) []byte { return []byte{0x28, 2, offset} }
	store := func(offset byte) []byte { return []byte{0x36, 2, offset} }
	get, set := func(i byte) []byte { return []byte{0x20, i} }, func(i byte) []byte { return []byte{0x21, i} }
	const number, at, i, n, p = 0, 1, 2, 3, 4
	_ = number
	return cat(
		get(at), load(4), set(n), get(at), load(32), set(p),
		[]byte{0x02, 0x40, 0x03, 0x40},        // block loop
		get(i), get(n), []byte{0x4f, 0x0d, 1}, // i >= n: leave
		get(p), get(i), Const(8), []byte{0x6c, 0x6a, 0x29, 3, 0, 0x42}, signed(bad), []byte{0x51}, // value == bad
		[]byte{0x04, 0x40, 0x00, 0x0b}, // if unreachable
		get(i), Const(1), []byte{0x6a}, set(i), []byte{0x0c, 0, 0x0b, 0x0b},
		Const(512), get(n), store(4), Const(512), Const(1), store(8),
		Const(512), get(p), store(32), Const(512), get(at), load(40), store(40), Const(512), get(n), store(44),
		Const(512),
	)
}

// Write writes the module to a file and gives its path.
func (m By) Write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "module.wasm")
	if err := os.WriteFile(path, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Bytes is the module.
func (m By) Bytes() []byte {
	if m.Describe == "" {
		m.Describe = Description
	}
	if m.Room == nil {
		m.Room = Const(4096)
	}
	if m.Call == nil {
		m.Call = Echo(1<<62 + 7)
	}
	if m.Memory == 0 {
		m.Memory = 4
	}
	const i32, i64 = 0x7f, 0x7e
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, 1, vector([]byte{0x60, 0, 1, i64}, []byte{0x60, 1, i32, 1, i32}, []byte{0x60, 2, i32, i32, 1, i32}, []byte{0x60, 0, 0}))
	out = section(out, 3, []byte{4, 0, 1, 2, 3})
	out = section(out, 5, append([]byte{1, 0}, unsigned(m.Memory)...))
	var exports [][]byte
	export := func(name string, kind, index byte) {
		if name != m.Without {
			exports = append(exports, append(append(unsigned(uint64(len(name))), name...), kind, index))
		}
	}
	export("weir_describe", 0, 0)
	export("weir_room", 0, 1)
	export("weir_call", 0, 2)
	export("memory", 2, 0)
	if m.Start != nil {
		export("_initialize", 0, 3)
	}
	out = section(out, 7, vector(exports...))
	describe := append([]byte{0, 0x42}, signed(int64(1024<<32|len(m.Describe)))...)
	body := func(code []byte) []byte {
		code = append(code, 0x0b)
		return append(unsigned(uint64(len(code))), code...)
	}
	call := append([]byte{1, 3, i32}, m.Call...) // three locals
	out = section(out, 10, vector(body(describe), body(append([]byte{0}, m.Room...)), body(call), body(append([]byte{0}, m.Start...))))
	data := append([]byte{1, 0}, Const(1024)...)
	data = append(append(append(data, 0x0b), unsigned(uint64(len(m.Describe)))...), m.Describe...)
	return section(out, 11, data)
}

func section(out []byte, id byte, content []byte) []byte {
	return append(append(append(out, id), unsigned(uint64(len(content)))...), content...)
}

func vector(items ...[]byte) []byte {
	out := unsigned(uint64(len(items)))
	for _, i := range items {
		out = append(out, i...)
	}
	return out
}

func unsigned(n uint64) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		if n >>= 7; n == 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func signed(n int64) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// Declare is the CREATE FUNCTION of a module's function.
func Declare(name, export, path string) string {
	return fmt.Sprintf("CREATE TEMPORARY FUNCTION %s AS '%s' LANGUAGE WASM USING ARTIFACT '%s';\n", name, export, path)
}
