package function

// newer has the signatures of the functions that Flink declares with names or
// families of their own, as its messages show them. Their messages differ from
// those of the older functions, whose forms follow from the parameters.
var newer = map[string]string{
	"ARRAY_APPEND": "array <ARRAY>, element <ARRAY ELEMENT>", "ARRAY_PREPEND": "array <ARRAY>, element <ARRAY ELEMENT>",
	"ARRAY_CONCAT": "<COMMON>, <COMMON>...", "ARRAY_CONTAINS": "haystack <ARRAY>, needle <ARRAY ELEMENT>",
	"ARRAY_POSITION": "haystack <ARRAY>, needle <ARRAY ELEMENT>", "ARRAY_REMOVE": "haystack <ARRAY>, needle <ARRAY ELEMENT>",
	"ARRAY_DISTINCT": "haystack <ARRAY>", "ARRAY_REVERSE": "haystack <ARRAY>", "ARRAY_EXCEPT": "<COMMON>, <COMMON>",
	"ARRAY_INTERSECT": "<COMMON>, <COMMON>", "ARRAY_UNION": "<COMMON>, <COMMON>", "ARRAY_JOIN": "ARRAY<STRING>, <CHARACTER_STRING>",
	"ARRAY_MAX": "<ARRAY<COMPARABLE>>", "ARRAY_MIN": "<ARRAY<COMPARABLE>>", "ARRAY_SORT": "<ARRAY<COMPARABLE>>",
	"ARRAY_SLICE": "<ARRAY>, <INTEGER>, <INTEGER>",
	"BITMAP_AND":  "bitmap1 <BITMAP>, bitmap2 <BITMAP>", "BITMAP_ANDNOT": "bitmap1 <BITMAP>, bitmap2 <BITMAP>",
	"BITMAP_OR": "bitmap1 <BITMAP>, bitmap2 <BITMAP>", "BITMAP_XOR": "bitmap1 <BITMAP>, bitmap2 <BITMAP>",
	"BITMAP_BUILD": "array ARRAY<INT> NOT NULL", "BITMAP_CARDINALITY": "bitmap <BITMAP>", "BITMAP_FROM_BYTES": "bytes <BINARY_STRING>",
	"BITMAP_TO_ARRAY": "bitmap <BITMAP>", "BITMAP_TO_BYTES": "bitmap <BITMAP>", "BITMAP_TO_STRING": "bitmap <BITMAP>",
	"BTRIM": "str <CHARACTER_STRING>", "ELT": "index <INTEGER_NUMERIC>, expr <CHARACTER_STRING>, exprs <CHARACTER_STRING>...",
	"ENDSWITH": "expr <CHARACTER_STRING>, endExpr <CHARACTER_STRING>", "STARTSWITH": "expr <CHARACTER_STRING>, startExpr <CHARACTER_STRING>",
	"GREATEST": "<COMPARABLE>...", "LEAST": "<COMPARABLE>...", "INET_ATON": "<CHARACTER_STRING>", "INET_NTOA": "<INTEGER_NUMERIC>",
	"JSON_QUOTE": "<CHARACTER_STRING>", "JSON_UNQUOTE": "<CHARACTER_STRING>", "JSON_STRING": "<ANY>",
	"MAP_ENTRIES": "input <MAP>", "MAP_KEYS": "input <MAP>", "MAP_VALUES": "input <MAP>", "MAP_UNION": "<COMMON>, <COMMON>...",
	"MAP_FROM_ARRAYS": "keysArray <ARRAY>, valuesArray <ARRAY>", "PARSE_JSON": "<CHARACTER_STRING>", "TRY_PARSE_JSON": "<CHARACTER_STRING>",
	"PRINTF": "format <CHARACTER_STRING>, obj <ANY>...", "REGEXP_COUNT": "str <CHARACTER_STRING>, regex <CHARACTER_STRING>",
	"REGEXP_INSTR": "str <CHARACTER_STRING>, regex <CHARACTER_STRING>", "REGEXP_SUBSTR": "str <CHARACTER_STRING>, regex <CHARACTER_STRING>",
	"REGEXP_EXTRACT_ALL": "str <CHARACTER_STRING>, regex <CHARACTER_STRING>", "SPLIT": "<CHARACTER_STRING>, <CHARACTER_STRING>",
	"TO_TIMESTAMP_LTZ": "<CHARACTER_STRING>", "TRANSLATE": "<STRING>, <STRING>, <STRING>", "TYPEOF": "input <ANY>", "UNHEX": "expr <CHARACTER_STRING>",
	"URL_DECODE": "<CHARACTER_STRING>", "URL_ENCODE": "<CHARACTER_STRING>",
}

// older has the forms of older functions where Flink names others than those
// that follow from the parameters here.
var older = map[string][]string{
	"ABS": {"<NUMERIC>", "<DATETIME_INTERVAL>"}, "CARDINALITY": {"<MULTISET>", "<ARRAY>", "<MAP>"},
	"CEIL":       {"<NUMERIC>", "<DATETIME_INTERVAL>", "<DATE> TO <TIME_UNIT>"},
	"FLOOR":      {"<NUMERIC>", "<DATETIME_INTERVAL>", "<DATE> TO <TIME_UNIT>"},
	"CONCAT_WS":  {"<CHARACTER>"},
	"CONVERT_TZ": {"<CHARACTER>, <CHARACTER>, <CHARACTER>"}, "DATE_FORMAT": {"<TIMESTAMP>, <CHARACTER>", "<CHARACTER>, <CHARACTER>"},
	"DECODE": {"<BINARY>, <CHARACTER>"}, "ELEMENT": {"<MULTISET>", "<ARRAY>"},
	"EXTRACT":     {"<DATETIME_INTERVAL> FROM <DATETIME_INTERVAL>", "<DATETIME_INTERVAL> FROM <DATETIME>"},
	"FROM_BASE64": {"<STRING>"}, "HASH_CODE": {"<BOOLEAN>", "<NUMERIC>", "<CHARACTER>", "<TIMESTAMP>", "<DATE>", "<TIME>"}, "HEX": {"<INTEGER>", "<CHARACTER>"},
	"RAND":           {"", "<NUMERIC>"},
	"RAND_INTEGER":   {"<NUMERIC>", "<NUMERIC>, <NUMERIC>"},
	"IF":             {"<ANY_TYPE>, <NUMERIC_TYPE>, <NUMERIC_TYPE>", "<BOOLEAN>, <CHARACTER>, <CHARACTER>", "<BOOLEAN>, <BOOLEAN>, <BOOLEAN>"},
	"IS_ALPHA":       {"<CHARACTER>", "<NUMERIC>"},
	"IS_DECIMAL":     {"<CHARACTER>", "<NUMERIC>"},
	"IS_DIGIT":       {"<CHARACTER>", "<NUMERIC>"},
	"LISTAGG":        {"<CHARACTER>", "<CHARACTER>, <CHARACTER_LITERAL>"},
	"REGEXP_EXTRACT": {"<CHARACTER>, <CHARACTER>, <INTEGER>", "<CHARACTER>, <CHARACTER>"},
	"ROUND":          {"<NUMERIC>, <INTEGER>", "<NUMERIC>"}, "TRUNCATE": {"<NUMERIC>, <INTEGER>", "<NUMERIC>"},
	"SPLIT_INDEX": {"<CHARACTER>, <INTEGER>, <INTEGER>", "<CHARACTER>, <CHARACTER>, <INTEGER>"},
	"STR_TO_MAP":  {"<CHARACTER>", "<CHARACTER>, <CHARACTER>, <CHARACTER>"},
	"TRIM":        {"[BOTH|LEADING|TRAILING] <ANY> FROM <STRING>"}, "TO_BASE64": {"<STRING>"},
	"UNIX_TIMESTAMP": {"", "<CHARACTER>", "<CHARACTER>, <CHARACTER>"},
}

// Newer gives the signature of a function of Flink's newer sort; false for others.
func Newer(name string) (string, bool) {
	s, ok := newer[name]
	return s, ok
}

// Forms gives the parameters of each way to call a function, as Flink's
// messages name them, from the error of its Infer; none if they have no names.
func Forms(name string, m *Mismatch) []string {
	if forms := older[name]; forms != nil {
		return forms
	}
	if m == nil {
		return nil
	}
	var forms []string
	for _, f := range m.Forms {
		text := ""
		for i, family := range f {
			if i > 0 {
				text += ", "
			}
			text += "<" + family + ">"
		}
		forms = append(forms, text)
	}
	return forms
}
