package avro

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Confluent is the entry of the avro-confluent format.
var Confluent = &format.Format{
	Name:    "avro-confluent",
	Doc:     "Messages of one Avro record whose schema is kept in a Confluent schema registry: a zero byte, the schema's number in four bytes, the record. A message is read by the schema it was written with; columns are the fields of that name, and those it does not have are NULL. On writing the schema that Flink makes of the table is registered.",
	Options: registryOptions,
	Decoder: func(s format.DecoderSpec) (format.Decoder, error) { return newRegistered("avro-confluent", s) },
	Encoder: func(s format.EncoderSpec) (format.Encoder, error) {
		return newRegistering("avro-confluent", s.Columns, s)
	},
}

// registryOptions are those of formats with a registry.
var registryOptions = []option.Option{
	{Key: "url", Required: true, Aliases: []string{"schema-registry.url"}, Example: "http://localhost:8081", Doc: "Address of the schema registry; several with commas between them are tried one after the other."},
	{Key: "subject", Aliases: []string{"schema-registry.subject"}, Doc: "Subject under which the schema is registered on writing. Kafka tables of one topic have <topic>-value and <topic>-key without it."},
	{Key: "schema", Aliases: []string{"schema-registry.schema"}, Doc: "The schema that is or is to be registered, in JSON. It must fit the table: names, order and types of the fields."},
	{Key: "basic-auth.credentials-source", Doc: "Where user and password come from: USER_INFO (the option basic-auth.user-info) or URL."},
	{Key: "basic-auth.user-info", Doc: "User and password, with a colon between them."},
	{Key: "bearer-auth.credentials-source", Doc: "Where the token comes from: STATIC_TOKEN (the option bearer-auth.token)."},
	{Key: "bearer-auth.token", Doc: "The token that the registry is shown."},
	{Key: "ssl.truststore.location", Aliases: []string{"schema-registry.ssl.truststore.location"}, Doc: "File of certificates, in PEM, that the registry's may be signed with."},
	{Key: "ssl.truststore.password", Aliases: []string{"schema-registry.ssl.truststore.password"}, Doc: "Accepted as in Flink; certificates in PEM have none."},
	{Key: "ssl.keystore.location", Aliases: []string{"schema-registry.ssl.keystore.location"}, Doc: "File with the certificate to show and its key, in PEM."},
	{Key: "ssl.keystore.password", Aliases: []string{"schema-registry.ssl.keystore.password"}, Doc: "Accepted as in Flink; a key in PEM has none here."},
	{Key: "properties.", Prefix: true, Doc: "Settings of the registry's client: auto.register.schemas = false, so that schemas must be registered already."},
}

const (
	idSize       = 5    // the zero byte and the schema's number
	keptPrograms = 1000 // schemas that a decoder remembers
)

// registered reads messages by the schema that each names.
type registered struct {
	spec     format.DecoderSpec
	registry *registry
	programs map[uint32]*program
	id       uint32 // of reader's program
	reader   reader
}

func newRegistered(name string, s format.DecoderSpec) (*registered, error) {
	if err := givenFits(name, s.Columns, s.Options); err != nil {
		return nil, err
	}
	r, err := newRegistry(name, s.Options)
	return &registered{spec: s, registry: r, programs: map[uint32]*program{}}, err
}

func (d *registered) Skipped() int64 { return 0 }

// Decode reads p as one message.
func (d *registered) Decode(p []byte, buf *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	if !atEOF || len(p) == 0 {
		return 0, nil
	}
	_, err := d.DecodeMessages(p, []int{len(p)}, buf, b, make([]int32, 1))
	return len(p), err
}

// DecodeMessages appends the records of messages.
func (d *registered) DecodeMessages(p []byte, ends []int, buf *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	r := &d.reader
	r.buf, r.base = buf, buf.Offset(p)
	if r.program != nil {
		r.begin(b, data.BatchSize)
	}
	k, from := 0, 0
	var err error
	for ; k < len(ends) && b.N < data.BatchSize; k++ {
		if err = d.message(p[:ends[k]], from, b); err != nil {
			err = &format.RecordError{Line: 1, Column: max(r.i-from, 0) + 1, Text: format.Excerpt(p[from:ends[k]]), Err: err}
			break
		}
		b.N++
		from, rows[k] = ends[k], int32(b.N)
	}
	for _, v := range b.Cols {
		v.Resize(b.N)
		if at := b.N & 63; v.Nulls != nil && at != 0 {
			v.Nulls[b.N>>6] &= 1<<at - 1 // what a broken record left
		}
	}
	r.p, r.buf, r.vecs = nil, nil, r.vecs[:0]
	return k, err
}

// message reads the message p[from:] as row b.N.
func (d *registered) message(p []byte, from int, b *data.Batch) error {
	r := &d.reader
	r.p, r.i = p, from
	if len(p)-from < idSize {
		return errShort
	}
	if p[from] != 0 {
		return errors.New("unknown data format. Magic number does not match")
	}
	if id := binary.BigEndian.Uint32(p[from+1:]); r.program == nil || id != d.id {
		o, err := d.program(context.Background(), id) // nobody has asked before
		if err != nil {
			return err
		}
		r.program, d.id = o, id
		r.begin(b, data.BatchSize)
	}
	r.i += idSize
	if err := r.row(b, b.N); err != nil {
		return err
	}
	if r.i != len(p) {
		return fmt.Errorf("%d bytes are left behind the record", len(p)-r.i)
	}
	return nil
}

// Lacks tells which schema a message names that is not known yet.
func (d *registered) Lacks(message []byte) (uint32, bool) {
	if len(message) < idSize || message[0] != 0 {
		return 0, false // decoding tells
	}
	id := binary.BigEndian.Uint32(message[1:])
	return id, (d.reader.program == nil || id != d.id) && d.programs[id] == nil
}

// Ask gets a schema from the registry.
func (d *registered) Ask(ctx context.Context, id uint32) error {
	_, err := d.program(ctx, id)
	return err
}

func (d *registered) program(ctx context.Context, id uint32) (*program, error) {
	if o := d.programs[id]; o != nil {
		return o, nil
	}
	o, err := d.ask(ctx, id)
	if err != nil {
		subject := d.spec.Options.String("subject")
		if subject == "" {
			subject = d.spec.Subject
		}
		if subject != "" {
			subject = ", for subject " + subject
		}
		return nil, fmt.Errorf("schema %d of the registry%s: %w", id, subject, err)
	}
	if len(d.programs) >= keptPrograms {
		clear(d.programs)
	}
	d.programs[id] = o
	return o, nil
}

func (d *registered) ask(ctx context.Context, id uint32) (*program, error) {
	text, err := d.registry.schema(ctx, id)
	if err != nil {
		return nil, err
	}
	w, err := parseSchema(text)
	if err != nil {
		return nil, err
	}
	return compile(w, d.spec.Columns, d.spec.Output, d.spec.Types)
}

// registering writes messages. The schema is registered with the first.
type registering struct {
	types    []data.Type
	schema   []byte
	subject  string
	registry *registry
	front    []byte // of each message; nil: not registered yet
}

func newRegistering(name string, columns []data.Column, s format.EncoderSpec) (*registering, error) {
	if err := givenFits(name, columns, s.Options); err != nil {
		return nil, err
	}
	e := &registering{types: typesOf(columns), subject: s.Options.String("subject"), schema: []byte(s.Options.String("schema"))}
	var err error
	if len(e.schema) == 0 {
		if e.schema, err = described(columns, true); err != nil {
			return nil, err
		}
	}
	if e.subject == "" {
		e.subject = s.Subject
	}
	if e.subject == "" {
		return nil, fmt.Errorf("option '%s.subject' is needed for writing: the subject under which the schema is registered", name)
	}
	e.registry, err = newRegistry(name, s.Options)
	return e, err
}

// Encode appends one message, and the byte that writers of messages leave out.
func (e *registering) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	dst, err := e.begin(dst)
	if err != nil {
		return dst, err
	}
	dst, err = appendRow(dst, e.types, b.Cols, r)
	return append(dst, '\n'), err
}

// begin appends what is in front of each record.
func (e *registering) begin(dst []byte) ([]byte, error) {
	if e.front == nil {
		id, err := e.registry.register(context.Background(), e.subject, e.schema)
		if err != nil {
			return dst, err
		}
		e.front = binary.BigEndian.AppendUint32([]byte{0}, id)
	}
	return append(dst, e.front...), nil
}

func (*registering) Header() []byte { return nil }
func (*registering) Footer() []byte { return nil }

// givenFits says in which way a schema given as an option is not the table's.
func givenFits(name string, columns []data.Column, o option.Values) error {
	given := o.String("schema")
	if given == "" {
		return nil
	}
	w, err := parseSchema([]byte(given))
	if err != nil {
		return fmt.Errorf("option '%s.schema': %w", name, err)
	}
	text, err := described(columns, true)
	if err != nil {
		return err
	}
	table, err := parseSchema(text)
	if err == nil && !w.like(table, 0) {
		err = fmt.Errorf("option '%s.schema' does not fit the table, whose schema is %s", name, text)
	}
	return err
}

// like tells whether values of both are written as the same bytes and mean the same.
func (s *schema) like(t *schema, depth int) bool {
	if depth > nesting || s.kind != t.kind || s.logical != t.logical || s.kind == fixed && s.size != t.size || s.logical == "decimal" && (s.precision != t.precision || s.scale != t.scale) || !slices.Equal(s.symbols, t.symbols) {
		return false
	}
	if s.items != nil && !s.items.like(t.items, depth+1) {
		return false
	}
	return slices.EqualFunc(s.fields, t.fields, func(a, b field) bool { return a.name == b.name && a.typ.like(b.typ, depth+1) }) &&
		slices.EqualFunc(s.branches, t.branches, func(a, b *schema) bool { return a.like(b, depth+1) })
}
