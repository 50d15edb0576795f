package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// std has the paths of the standard library met while loading.
var std = map[string]bool{}

// Load reads the packages of the module in dir with go list.
func Load(dir string) ([]Package, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Standard", "-deps", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var packages []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir  string
			GoFiles, Imports []string
			Standard         bool
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Standard {
			std[p.ImportPath] = true
		}
		if p.ImportPath != module && !strings.HasPrefix(p.ImportPath, module+"/") {
			continue
		}
		q := Package{Path: relative(p.ImportPath)}
		for _, i := range p.Imports {
			q.Imports = append(q.Imports, relative(i))
		}
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", f, err)
			}
			if file.Doc != nil {
				q.Docs++
			}
			q.Calls = append(q.Calls, calls(f, file)...)
		}
		packages = append(packages, q)
	}
}

// calls lists what a file calls of the packages it imports.
func calls(name string, file *ast.File) []Call {
	imported := map[string]string{} // by the name it has in the file
	for _, i := range file.Imports {
		to := strings.Trim(i.Path.Value, `"`)
		local := path.Base(to)
		if i.Name != nil {
			local = i.Name.Name
		}
		imported[local] = path.Base(to)
	}
	var all []Call
	ast.Inspect(file, func(n ast.Node) bool {
		// A function that is only named, such as now := time.Now, counts as called.
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && imported[x.Name] != "" {
				all = append(all, Call{name, imported[x.Name] + "." + s.Sel.Name})
			}
		}
		return true
	})
	return all
}

func relative(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }
