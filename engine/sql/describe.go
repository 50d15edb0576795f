package sql

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// infoRows are the two columns of DESCRIBE CATALOG, DATABASE and FUNCTION.
type infoRows struct{ o *Outcome }

func newInfo() infoRows {
	return infoRows{&Outcome{Kind: Rows, Columns: columns("info name", "info value")}}
}

func (i infoRows) add(name, value string) {
	i.o.Rows = append(i.o.Rows, []data.Value{{S: name}, {S: value}})
}

func (i infoRows) null(name string) {
	i.o.Rows = append(i.o.Rows, []data.Value{{S: name}, data.NullValue()})
}

func (i infoRows) options(of map[string]string, without string) {
	for _, k := range slices.Sorted(maps.Keys(of)) {
		if k != without {
			i.add("option:"+k, of[k])
		}
	}
}

func (s *Session) describe(n *ast.Describe) (*Outcome, error) {
	switch n.What {
	case "TABLE", "":
		t, err := s.tableNamed(n.Name)
		if err != nil {
			return nil, err
		}
		return describeTable(t), nil
	case "CATALOG":
		return s.describeCatalog(n)
	case "DATABASE":
		return nil, ast.Errorf(n.Name.Pos(), "Column '%s' not found in any table: DESCRIBE DATABASE is not supported by this engine, as Flink reads it and does not carry it out; see SHOW DATABASES and SHOW TABLES FROM %s", n.Name.Last().Name, n.Name)
	case "FUNCTION":
		return s.describeFunction(n)
	case "MODEL":
		m, err := s.modelNamed(n.Name)
		if err != nil {
			return nil, err
		}
		return describeModel(m), nil
	case "JOB":
		return nil, noJobs(n.Pos())
	}
	return nil, ast.Errorf(n.Pos(), "DESCRIBE %s is not supported by this engine yet; run it on a Flink target", n.What)
}

// noJobs is the answer to statements about the jobs of a cluster.
func noJobs(pos ast.Pos) error {
	return ast.Errorf(pos, "statements about jobs are not supported by this engine: a session plans and does not see a cluster; see jobs with `weir get jobs`, or on the platform")
}

const inMemory = "generic_in_memory"

func (s *Session) catalogNamed(name *ast.Name) (string, map[string]string, error) {
	c := name.String()
	if len(name.Parts) == 1 {
		c = name.Parts[0].Name
	}
	if !s.catalog.HasCatalog(c) {
		return c, nil, ast.Errorf(name.Pos(), "Cannot obtain metadata information from Catalog %s%s", c, near(c, s.catalog.Catalogs()))
	}
	options := s.catalog.Properties(c)
	if options == nil {
		options = map[string]string{}
	}
	if options["type"] == "" {
		options["type"] = inMemory
	}
	return c, options, nil
}

func (s *Session) describeCatalog(n *ast.Describe) (*Outcome, error) {
	name, options, err := s.catalogNamed(n.Name)
	if err != nil {
		return nil, err
	}
	i := newInfo()
	i.add("name", name)
	i.add("type", options["type"])
	if text, ok := s.catalog.Comment(name); ok {
		i.add("comment", text)
	} else {
		i.null("comment")
	}
	if n.Extended {
		i.options(options, "type")
	}
	return i.o, nil
}

func (s *Session) describeFunction(n *ast.Describe) (*Outcome, error) {
	p, err := s.resolve(n.Name)
	if err != nil {
		return nil, err
	}
	i := newInfo()
	f := s.catalog.Function(p)
	if system := s.catalog.Function(catalog.Path{Name: n.Name.Last().Name}); system != nil && len(n.Name.Parts) == 1 {
		f = system
	}
	if f != nil {
		i.add("is system function", strconv.FormatBool(f.System))
		i.add("is temporary", strconv.FormatBool(f.Temporary))
		i.add("class name", f.Class)
		language := strings.ToUpper(f.Language)
		if language == "" {
			language = "JAVA"
		}
		i.add("function language", language)
		if f.Language == wasm {
			return i.o, s.describeModule(n, f, i.add)
		}
		return i.o, nil
	}
	name := strings.ToUpper(n.Name.Last().Name)
	if listed := function.InSQL(n.Name.Last().Name); listed != "" {
		name = listed
	}
	scalar, aggregate := s.env.Functions.Scalar(name), s.env.Functions.Aggregate(name)
	if len(n.Name.Parts) > 1 || scalar == nil && aggregate == nil {
		return nil, ast.Errorf(n.Name.Pos(), "Function with the identifier '%s' doesn't exist.%s", sqlText(n.Name), meantFunction(s.env.Functions.Suggest(name)))
	}
	i.add("is system function", "true")
	i.add("is temporary", "false")
	if !n.Extended {
		return i.o, nil
	}
	kind := "SCALAR"
	if aggregate != nil {
		kind = "AGGREGATE"
	}
	i.add("kind", kind)
	i.add("requirements", "[]")
	i.add("is deterministic", strconv.FormatBool(!slices.Contains(varying, name)))
	i.add("supports constant folding", "true")
	return i.o, nil
}

// varying are the functions that Flink says give another answer each time: those
// of the time of a query are not among them.
var varying = []string{"RAND", "RAND_INTEGER", "UUID", "UNIX_TIMESTAMP", "CURRENT_ROW_TIMESTAMP", "CURRENT_WATERMARK"}

func meantFunction(near string) string {
	if near == "" {
		return ""
	}
	return " Did you mean '" + strings.ToLower(near) + "'?"
}

func (s *Session) showCreateCatalog(n *ast.Show) (*Outcome, error) {
	name, options, err := s.catalogNamed(n.Name)
	if err != nil {
		return nil, err
	}
	if len(s.catalog.Properties(name)) == 0 { // it was there from the beginning
		return nil, ast.Errorf(n.Pos(), "Cannot obtain metadata information from Catalog %s.", name)
	}
	text := "CREATE CATALOG " + ast.QuoteIdent(name)
	if comment, ok := s.catalog.Comment(name); ok {
		text += "\nCOMMENT " + ast.QuoteString(comment)
	}
	return list("result", []string{text + with(options) + "\n"}), nil
}

// showPartitions lists the partitions that were added by name: those of files
// are found when they are read.
func (s *Session) showPartitions(n *ast.Show) (*Outcome, error) {
	t, err := s.tableNamed(n.Name)
	if err != nil {
		return nil, err
	}
	if len(t.PartitionBy) == 0 {
		return nil, ast.Planf(n.Name.Pos(), "Table %s.%s in catalog %s is not partitioned.", t.Path.Database, t.Path.Name, t.Path.Catalog)
	}
	want, err := partitionValues(t, nil)
	if n.Partition != nil {
		want, err = partitionValues(t, n.Partition.Values)
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range t.Partitions {
		parts, fits := make([]string, len(p)), true
		for i, v := range p {
			parts[i] = t.PartitionBy[i] + "=" + v
			fits = fits && (want[i] == nil || *want[i] == v)
		}
		if fits {
			names = append(names, strings.Join(parts, "/"))
		}
	}
	return list("partition name", names), nil
}

// partitionValues reads PARTITION (k = v, …): the value of each partition
// column, nil where none is given.
func partitionValues(t *catalog.Table, values []ast.PartitionValue) ([]*string, error) {
	out := make([]*string, len(t.PartitionBy))
	for _, v := range values {
		i := slices.Index(t.PartitionBy, v.Name.Name)
		if i < 0 {
			return nil, ast.Errorf(v.Pos(), "'%s' is no partition column of '%s'%s", v.Name.Name, t.Path.Name, near(v.Name.Name, t.PartitionBy))
		}
		if v.Value == nil {
			continue
		}
		text := ast.Print(v.Value)
		if l, ok := v.Value.(*ast.Literal); ok {
			text = l.Text
		}
		out[i] = &text
	}
	return out, nil
}

// changePartitions is ALTER TABLE … ADD and DROP PARTITION.
func changePartitions(t *catalog.Table, a *ast.ChangePartitions) error {
	if len(t.PartitionBy) == 0 {
		return ast.Planf(a.Pos(), "Table %s.%s in catalog %s is not partitioned.", t.Path.Database, t.Path.Name, t.Path.Catalog)
	}
	for _, spec := range a.Partitions {
		values, err := partitionValues(t, spec.Values)
		if err != nil {
			return err
		}
		p := make(catalog.Partition, len(values))
		for i, v := range values {
			if v == nil {
				return ast.Errorf(spec.Pos(), "PartitionSpec does not match partition keys %v of table %s.%s in catalog %s.", t.PartitionBy, t.Path.Database, t.Path.Name, t.Path.Catalog)
			}
			p[i] = *v
		}
		switch {
		case a.Drop && !t.DropPartition(p) && !a.If:
			return ast.Errorf(spec.Pos(), "Partition %v of table %s.%s in catalog %s does not exist.", p, t.Path.Database, t.Path.Name, t.Path.Catalog)
		case !a.Drop && !t.AddPartition(p) && !a.If:
			return ast.Errorf(spec.Pos(), "Partition %v of table %s.%s in catalog %s already exists.", p, t.Path.Database, t.Path.Name, t.Path.Catalog)
		}
	}
	return nil
}
