package udf

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/weir-streams/weir/engine/udf/udftest"
)

// The modules of the examples count what they use: were they not understood,
// they would run many times slower.
func TestExamplesAreMetered(t *testing.T) {
	for _, path := range []string{udftest.Go(t), udftest.Rust(t), udftest.By{}.Write(t)} {
		code, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		counting, err := metered(code, 1)
		if err != nil || len(counting) <= len(code) {
			t.Errorf("%s: %d bytes became %d: %v", path, len(code), len(counting), err)
		}
	}
}

// What is no module, or a broken one, is refused without harm.
func TestBrokenModulesAreNotMetered(t *testing.T) {
	whole := udftest.By{}.Bytes()
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		code := append([]byte(nil), whole...)
		for range 1 + random.IntN(4) {
			code[random.IntN(len(code))] = byte(random.Uint32())
		}
		_, _ = metered(code[:random.IntN(len(code)+1)], 1)
	}
	if _, err := metered(nil, 1); err == nil {
		t.Error("nothing was taken for a module")
	}
}
