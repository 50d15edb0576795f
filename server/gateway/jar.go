package gateway

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/resource"
)

// Bounds on what is looked at in a jar, which anybody may have made.
const (
	jarEntries   = 100_000
	poolBytes    = 8 << 20
	serviceBytes = 64 << 10
)

// baseClasses are Flink's classes of functions.
var baseClasses = map[string]string{
	"org/apache/flink/table/functions/ScalarFunction":         "UDF_TYPE_SCALAR",
	"org/apache/flink/table/functions/AsyncScalarFunction":    "UDF_TYPE_SCALAR",
	"org/apache/flink/table/functions/TableFunction":          "UDF_TYPE_TABLE",
	"org/apache/flink/table/functions/AsyncTableFunction":     "UDF_TYPE_TABLE",
	"org/apache/flink/table/functions/AggregateFunction":      "UDF_TYPE_AGGREGATE",
	"org/apache/flink/table/functions/TableAggregateFunction": "UDF_TYPE_TABLE_AGGREGATE",
}

// openJar gives a stored jar as a zip archive. The caller calls done.
func openJar(ctx context.Context, files artifact.Store, uri string) (z *zip.Reader, done func(), err error) {
	namespace, name, ok := artifact.Split(files, uri)
	if !ok {
		return nil, nil, fmt.Errorf("%s is not among the artifacts of this platform", uri)
	}
	r, err := files.Open(ctx, namespace, name)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	tmp, err := os.CreateTemp("", "weir-jar-")
	if err != nil {
		return nil, nil, fmt.Errorf("look into %s: %w", uri, err)
	}
	done = func() { _ = tmp.Close(); _ = os.Remove(tmp.Name()) }
	size, err := io.Copy(tmp, r)
	if err == nil {
		if z, err = zip.NewReader(tmp, size); err != nil {
			err = resource.Invalidf("jarUrl", "%s is not a jar: %v", uri, err)
		}
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	if len(z.File) > jarEntries {
		done()
		return nil, nil, resource.Invalidf("jarUrl", "%s has %d files; at most %d are looked at", uri, len(z.File), jarEntries)
	}
	return z, done, nil
}

// functionClasses finds the classes of a jar that are functions of Flink: those
// that extend one of its classes, directly or by way of others in the jar, and
// can be made.
func functionClasses(z *zip.Reader) []resource.UDFClass {
	super := map[string]string{}
	var concrete []string
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".class") || strings.HasSuffix(f.Name, "-info.class") || strings.HasPrefix(f.Name, "META-INF/") || f.UncompressedSize64 > poolBytes {
			continue
		}
		c, err := readClass(f)
		if err != nil {
			continue // what cannot be read cannot be loaded either
		}
		super[c.name] = c.super
		const public, isInterface, abstract = 1, 0x200, 0x400
		if c.access&public != 0 && c.access&(isInterface|abstract) == 0 {
			concrete = append(concrete, c.name)
		}
	}
	out := []resource.UDFClass{}
	for _, name := range concrete {
		at, kind := name, ""
		for range 64 { // of generations; a jar may lie in a circle
			if at = super[at]; at == "" || baseClasses[at] != "" {
				kind = baseClasses[at]
				break
			}
		}
		if kind != "" {
			out = append(out, resource.UDFClass{ClassName: strings.ReplaceAll(name, "/", "."), ClassType: kind})
		}
	}
	slices.SortFunc(out, func(a, b resource.UDFClass) int { return strings.Compare(a.ClassName, b.ClassName) })
	return out
}

type classFile struct {
	name, super string
	access      uint16
}

var errNoClass = errors.New("no class file")

// readClass reads the head of a class file: names and access flags.
func readClass(f *zip.File) (c classFile, err error) {
	rc, err := f.Open()
	if err != nil {
		return c, err
	}
	defer rc.Close()
	r := &classReader{r: bufio.NewReader(io.LimitReader(rc, poolBytes))}
	if r.u4() != 0xCAFEBABE {
		return c, errNoClass
	}
	r.skip(4)
	n := int(r.u2())
	texts, classes := make([]string, n), make([]int, n)
	for i := 1; i < n && r.err == nil; i++ {
		switch tag := r.u1(); tag {
		case 1:
			texts[i] = r.text(int(r.u2()))
		case 7:
			classes[i] = int(r.u2())
		case 8, 16, 19, 20:
			r.skip(2)
		case 15:
			r.skip(3)
		case 3, 4, 9, 10, 11, 12, 17, 18:
			r.skip(4)
		case 5, 6:
			r.skip(8)
			i++ // takes two places
		default:
			return c, errNoClass
		}
	}
	c.access = r.u2()
	name := func(i int) string {
		if i < n && classes[i] < n {
			return texts[classes[i]]
		}
		return ""
	}
	c.name = name(int(r.u2()))
	c.super = name(int(r.u2()))
	if r.err != nil {
		return c, r.err
	}
	return c, nil
}

type classReader struct {
	r   *bufio.Reader
	err error
	buf [8]byte
}

func (r *classReader) bytes(n int) []byte {
	if r.err == nil {
		_, r.err = io.ReadFull(r.r, r.buf[:n])
	}
	return r.buf[:n]
}

func (r *classReader) u1() byte   { return r.bytes(1)[0] }
func (r *classReader) u2() uint16 { return binary.BigEndian.Uint16(r.bytes(2)) }
func (r *classReader) u4() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }
func (r *classReader) skip(n int) { r.bytes(n) }

func (r *classReader) text(n int) string {
	b := make([]byte, n) // at most 64 KiB
	if r.err == nil {
		_, r.err = io.ReadFull(r.r, b)
	}
	return string(b)
}

// catalogFactories finds the factories of catalogs that a jar announces. What
// they call themselves is only known to them: the type is guessed from the
// name of the class.
func catalogFactories(z *zip.Reader) []resource.PluginSpec {
	var out []resource.PluginSpec
	for _, f := range z.File {
		if f.Name != "META-INF/services/org.apache.flink.table.factories.Factory" {
			continue
		}
		rc, err := f.Open()
		if err != nil {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(rc, serviceBytes))
		_ = rc.Close()
		if err != nil {
			continue
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			line, _, _ = strings.Cut(line, "#")
			class := strings.TrimSpace(line)
			simple := class[strings.LastIndexByte(class, '.')+1:]
			if kind, ok := strings.CutSuffix(simple, "CatalogFactory"); ok && kind != "" {
				out = append(out, resource.PluginSpec{Type: strings.ToLower(kind)})
			}
		}
	}
	return out
}
