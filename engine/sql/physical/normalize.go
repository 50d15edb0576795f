package physical

import (
	"strings"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func (p *planner) normalize(n *logical.Normalize, in *stream) *stream {
	modes := graph.Modes{Updates: true, UpdateBefore: true, Deletes: true}
	names := graph.ColumnNames(in.schema)
	var keys, meanings []string
	for _, k := range n.Keys {
		keys, meanings = append(keys, names[k]), append(meanings, in.meaning.columns[k])
	}
	m := in.meaning
	m.rows += " last by [" + strings.Join(meanings, ", ") + "] of [" + strings.Join(m.columns, ", ") + "]"
	op := graph.Op{
		UID: p.uid("normalize", m.rows), Name: "ChangelogNormalize", Detail: "key=[" + strings.Join(keys, ", ") + "]",
		Schema: n.Schema(), Modes: modes, Normalize: &graph.Normalize{Keys: n.Keys, TTLMillis: p.config.TTLMillis},
	}
	s := &stream{schema: op.Schema, modes: modes, meaning: m, producer: "ChangelogNormalize(key=[" + strings.Join(keys, ", ") + "])"}
	s.vertex, s.parallelism = p.gather(in, op, n.Keys)
	return s
}
