package udf

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Limits bound what a module may use.
type Limits struct {
	Memory int64         // bytes of one instance
	Call   time.Duration // of a call with one batch, and of the start of an instance
}

// DefaultLimits are in force where CREATE FUNCTION says nothing else.
var DefaultLimits = Limits{Memory: 128 << 20, Call: 10 * time.Second}

const pageSize = 64 << 10

// maxIdle is how many instances of a module wait for their next call.
const maxIdle = 64

// module is a compiled module with its idle instances. A task takes an instance
// for a batch and gives it back, so there are never more than tasks.
type module struct {
	name   string // for people: where it came from
	sum    string // SHA-256, hex
	limits Limits
	forms  []form

	sandbox  wazero.Runtime
	compiled wazero.CompiledModule

	mu     sync.Mutex
	idle   []*instance
	users  int // jobs that have it loaded
	closed bool
}

// compiled is the machine code of this process's modules: translating a module
// takes seconds, so that jobs and engines share it.
var compiled = sync.OnceValue(wazero.NewCompilationCache)

// compile makes a module of its bytes, and asks it what it has. A module to run
// is translated to machine code; one to plan with is interpreted, which begins
// sooner.
func compile(name, sum string, code []byte, limits Limits, run bool) (*module, error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfigInterpreter().WithCloseOnContextDone(true)
	if run {
		config = wazero.NewRuntimeConfig().WithCompilationCache(compiled())
		ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
		counting, err := metered(code, fuelOf(limits.Call))
		switch {
		case err == nil:
			code = counting
		case errors.Is(err, errUnmetered): // also what is no module at all: compiling tells
			config = config.WithCloseOnContextDone(true)
		default:
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
	}
	pages := max(1, min((limits.Memory+pageSize-1)/pageSize, 1<<16))
	config = config.WithMemoryLimitPages(uint32(pages))
	m := &module{name: name, sum: sum, limits: limits, sandbox: wazero.NewRuntimeWithConfig(ctx, config)}
	err := m.open(ctx, code)
	if err != nil {
		_ = m.sandbox.Close(ctx)
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	return m, nil
}

func (m *module) open(ctx context.Context, code []byte) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, m.sandbox); err != nil {
		return fmt.Errorf("prepare the sandbox: %w", err)
	}
	var err error
	if m.compiled, err = m.sandbox.CompileModule(ctx, code); err != nil {
		return fmt.Errorf("it is no WebAssembly module that can be compiled: %w", firstLine(err))
	}
	i, err := m.instantiate()
	if err != nil {
		return err
	}
	text, err := i.describe()
	if err != nil {
		i.close()
		return err
	}
	if m.forms, err = readForms(text); err != nil {
		i.close()
		return err
	}
	m.put(i)
	return nil
}

// take gives an instance that nobody else uses until it is put back or closed.
func (m *module) take() (*instance, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		i := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return i, nil
	}
	m.mu.Unlock()
	return m.instantiate()
}

func (m *module) put(i *instance) {
	m.mu.Lock()
	keep := !m.closed && len(m.idle) < maxIdle
	if keep {
		m.idle = append(m.idle, i)
	}
	m.mu.Unlock()
	if !keep {
		i.close()
	}
}

// rest closes idle instances but one.
func (m *module) rest() {
	m.mu.Lock()
	var spare []*instance
	if len(m.idle) > 1 {
		spare = m.idle[1:]
		m.idle = m.idle[:1:1]
	}
	m.mu.Unlock()
	for _, i := range spare {
		i.close()
	}
}

func (m *module) close() {
	m.mu.Lock()
	m.closed, m.idle = true, nil
	m.mu.Unlock()
	_ = m.sandbox.Close(context.Background()) // with all its instances
	_ = m.compiled.Close(context.Background())
}

// named finds the forms of a function.
func (m *module) named(export string) []*form {
	var out []*form
	for i := range m.forms {
		if strings.EqualFold(m.forms[i].Name, export) {
			out = append(out, &m.forms[i])
		}
	}
	return out
}

func (m *module) names() []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range m.forms {
		if !seen[f.Name] {
			seen[f.Name] = true
			out = append(out, f.Name)
		}
	}
	return out
}

// instance is a running module. It belongs to one goroutine at a time.
type instance struct {
	module *module
	guest  api.Module
	room   api.Function
	call   api.Function
	tell   api.Function
	said   tail              // what it wrote to its standard error
	left   api.MutableGlobal // nil: the host is asked instead
	stack  [2]uint64
}

// tail keeps the first bytes that a module writes: enough of a panic.
type tail struct{ text []byte }

const maxSaid = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), maxSaid-len(t.text))]...)
	return len(p), nil
}

// instantiate starts an instance. It has no files, no network, no arguments and
// no environment; its clock stands near 2022 and its randomness is the same always.
func (m *module) instantiate() (*instance, error) {
	i := &instance{module: m}
	ctx, cancel := context.WithTimeout(context.Background(), m.limits.Call)
	defer cancel()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStderr(&i.said)
	guest, err := m.sandbox.InstantiateModule(ctx, m.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("start an instance: %w", i.explain(ctx, err))
	}
	i.guest = guest
	if g, ok := guest.ExportedGlobal(fuelName).(api.MutableGlobal); ok {
		i.left = g
	}
	if start := guest.ExportedFunction("_initialize"); start != nil {
		if _, err := start.Call(ctx); err != nil {
			err = fmt.Errorf("start an instance: %w", i.explain(ctx, err))
			i.close()
			return nil, err
		}
	}
	for _, f := range []struct {
		into      *api.Function
		name      string
		in, out   []api.ValueType
		signature string
	}{
		{&i.tell, "weir_describe", nil, []api.ValueType{api.ValueTypeI64}, "() → i64"},
		{&i.room, "weir_room", []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}, "(i32) → i32"},
		{&i.call, "weir_call", []api.ValueType{api.ValueTypeI32, api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}, "(i32, i32) → i32"},
	} {
		*f.into = guest.ExportedFunction(f.name)
		if *f.into == nil {
			i.close()
			return nil, fmt.Errorf("it does not export %s%s, so it is no module of functions for this engine", f.name, f.signature)
		}
		d := (*f.into).Definition()
		if !sameTypes(d.ParamTypes(), f.in) || !sameTypes(d.ResultTypes(), f.out) {
			i.close()
			return nil, fmt.Errorf("it exports %s, but not as %s", f.name, f.signature)
		}
	}
	if guest.Memory() == nil {
		i.close()
		return nil, errors.New("it exports no memory")
	}
	return i, nil
}

func sameTypes(a, b []api.ValueType) bool { return string(a) == string(b) }

func (i *instance) close() { _ = i.guest.Close(context.Background()) }

func (i *instance) describe() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), i.module.limits.Call)
	defer cancel()
	if err := i.tell.CallWithStack(ctx, i.stack[:]); err != nil {
		return nil, fmt.Errorf("ask it for its functions: %w", i.explain(ctx, err))
	}
	at, size := uint32(i.stack[0]>>32), uint32(i.stack[0])
	if size > maxDescription {
		return nil, fmt.Errorf("its description has %d bytes, more than %d", size, maxDescription)
	}
	text, ok := i.guest.Memory().Read(at, size)
	if !ok {
		return nil, errors.New("its description lies outside of its memory")
	}
	return text, nil
}

// begin asks for room for a request and gives it, to be filled.
func (i *instance) begin(ctx context.Context, size int) ([]byte, uint32, error) {
	if i.left != nil {
		i.left.Set(uint64(fuelOf(i.module.limits.Call)))
	}
	if int64(size) > i.module.limits.Memory {
		return nil, 0, fmt.Errorf("a batch of %d bytes does not fit into its memory of %d", size, i.module.limits.Memory)
	}
	i.stack[0] = uint64(size)
	if err := i.room.CallWithStack(ctx, i.stack[:]); err != nil {
		return nil, 0, i.explain(ctx, err)
	}
	at := uint32(i.stack[0])
	p, ok := i.guest.Memory().Read(at, uint32(size))
	if !ok || at == 0 || at%8 != 0 {
		return nil, 0, fmt.Errorf("weir_room(%d) answered %d, which is no place in its memory at a multiple of 8", size, at)
	}
	return p, at, nil
}

// run calls function number with the request at and gives where its answer is.
func (i *instance) run(ctx context.Context, number int, at uint32) (uint32, error) {
	i.stack[0], i.stack[1] = uint64(number), uint64(at)
	if err := i.call.CallWithStack(ctx, i.stack[:]); err != nil {
		return 0, i.explain(ctx, err)
	}
	return uint32(i.stack[0]), nil
}

// trap is the end of an instance: it cannot be used any more.
type trap struct {
	why     error
	timeout bool
}

func (t *trap) Error() string { return t.why.Error() }
func (t *trap) Unwrap() error { return t.why }

// explain says in few words how an instance ended.
func (i *instance) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil || i.left != nil && int64(i.left.Get()) < 0 {
		return &trap{fmt.Errorf("it took longer than %v and was stopped; the option 'timeout' of CREATE FUNCTION allows it more", i.module.limits.Call), true}
	}
	why := firstLine(err)
	if strings.Contains(string(i.said.text), "out of memory") {
		return &trap{fmt.Errorf("it ran out of its %d bytes of memory; the option 'memory' of CREATE FUNCTION allows it more", i.module.limits.Memory), false}
	}
	if said := strings.TrimSpace(string(i.said.text)); said != "" {
		line, _, _ := strings.Cut(said, "\n")
		why = fmt.Errorf("%w: %s", why, strings.TrimSpace(line))
	}
	return &trap{why, false}
}

// firstLine is an error without the stack that follows it.
func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if line = strings.TrimSuffix(strings.TrimSpace(line), " (recovered by wazero)"); line == err.Error() {
		return err
	}
	return errors.New(line)
}
