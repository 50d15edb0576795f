package ast

// Insert is INSERT INTO|OVERWRITE target [PARTITION (…)] [(columns)] query.
type Insert struct {
	Span
	Overwrite bool
	Target    *Name
	Hints     []Hint
	Partition []PartitionValue
	Columns   []*Name // may be paths into rows; nil if not written
	Query     *Query
	// Conflict says what becomes of rows that differ in what identifies them but have
	// one primary key: NOTHING, ERROR or DEDUPLICATE (ON CONFLICT DO); "": not said.
	Conflict string
}

// StatementSet is EXECUTE STATEMENT SET BEGIN … END, and what Script makes of
// BEGIN STATEMENT SET; … END;.
type StatementSet struct {
	Span
	Inserts []*Insert
}

// BeginStatementSet is BEGIN STATEMENT SET on its own, as a client sends it.
type BeginStatementSet struct{ Span }

// EndStatementSet is END on its own, as a client sends it.
type EndStatementSet struct{ Span }

// Delete is DELETE FROM t [WHERE …].
type Delete struct {
	Span
	Table *Name
	Alias *Ident
	Where Expr
}

// Update is UPDATE t SET a = 1 [WHERE …].
type Update struct {
	Span
	Table *Name
	Alias *Ident
	Set   []Assignment
	Where Expr
}

// Assignment is column = value.
type Assignment struct {
	Span
	Column Ident
	Value  Expr
}

// Truncate is TRUNCATE TABLE t.
type Truncate struct {
	Span
	Table *Name
}

// Use is USE database, USE CATALOG c or USE MODULES a, b.
type Use struct {
	Span
	What    string // DATABASE, CATALOG, MODULES
	Name    *Name
	Modules []Ident
}

// Show is SHOW what ….
type Show struct {
	Span
	// What is the upper case text after SHOW: TABLES, VIEWS, CREATE TABLE,
	// CURRENT DATABASE, USER FUNCTIONS, FULL MODULES, MATERIALIZED TABLES …
	What      string
	Name      *Name          // of SHOW CREATE …, SHOW PARTITIONS
	From      *Name          // FROM|IN …
	Partition *PartitionSpec // of SHOW PARTITIONS
	Like      *LikeFilter
}

// LikeFilter is [NOT] LIKE|ILIKE 'pattern' of SHOW.
type LikeFilter struct {
	Span
	Not     bool
	ILike   bool
	Pattern string
}

// Describe is DESCRIBE|DESC [CATALOG|DATABASE|FUNCTION|MODEL|JOB] [EXTENDED] name.
type Describe struct {
	Span
	What     string // TABLE, CATALOG, DATABASE, FUNCTION, MODEL, JOB
	Extended bool
	Name     *Name
	JobID    string // of JOB
}

// Explain is EXPLAIN [details | PLAN FOR] statement.
type Explain struct {
	Span
	Details   []string // ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE
	Statement Statement
}

// Set is SET 'key' = 'value'; both are nil for a bare SET, which lists.
type Set struct {
	Span
	Key, Value *string
}

// Reset is RESET 'key'; nil resets everything.
type Reset struct {
	Span
	Key *string
}

// Jar is ADD|REMOVE JAR 'path'.
type Jar struct {
	Span
	Remove bool
	Path   string
}

// LoadModule is LOAD MODULE name [WITH (…)].
type LoadModule struct {
	Span
	Name    Ident
	Options []Option
}

// UnloadModule is UNLOAD MODULE name.
type UnloadModule struct {
	Span
	Name Ident
}

// CallProcedure is CALL p(…).
type CallProcedure struct {
	Span
	Call *Call
}

// Analyze is ANALYZE TABLE t [PARTITION (…)] COMPUTE STATISTICS [FOR COLUMNS … | FOR ALL COLUMNS].
type Analyze struct {
	Span
	Table      *Name
	Partition  []PartitionValue
	AllColumns bool
	Columns    []Ident
}

// CompilePlan is COMPILE [AND EXECUTE] PLAN 'file' [IF NOT EXISTS] FOR statement.
type CompilePlan struct {
	Span
	Execute     bool
	Path        string
	IfNotExists bool
	Statement   Statement
}

// ExecutePlan is EXECUTE PLAN 'file'.
type ExecutePlan struct {
	Span
	Path string
}

// StopJob is STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN].
type StopJob struct {
	Span
	ID            string
	WithSavepoint bool
	WithDrain     bool
}

func (*Query) statement()             {}
func (*Insert) statement()            {}
func (*StatementSet) statement()      {}
func (*BeginStatementSet) statement() {}
func (*EndStatementSet) statement()   {}
func (*Delete) statement()            {}
func (*Update) statement()            {}
func (*Truncate) statement()          {}
func (*Use) statement()               {}
func (*Show) statement()              {}
func (*Describe) statement()          {}
func (*Explain) statement()           {}
func (*Set) statement()               {}
func (*Reset) statement()             {}
func (*Jar) statement()               {}
func (*LoadModule) statement()        {}
func (*UnloadModule) statement()      {}
func (*CallProcedure) statement()     {}
func (*Analyze) statement()           {}
func (*CompilePlan) statement()       {}
func (*ExecutePlan) statement()       {}
func (*StopJob) statement()           {}
