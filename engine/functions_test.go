package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/function"
)

// syntax are the functions that Flink lists and SQL writes in another way, with
// an expression that has them; or why they are nothing in SQL.
var syntax = map[string]string{
	"and": "TRUE AND FALSE", "or": "TRUE OR FALSE", "not": "NOT TRUE", "between": "1 BETWEEN 0 AND 2", "notBetween": "1 NOT BETWEEN 0 AND 2",
	"in": "1 IN (1, 2)", "LIKE": "'a' LIKE 'b'", "similar": "'a' SIMILAR TO 'b'", "equals": "1 = 2", "notEquals": "1 <> 2", "greaterThan": "1 > 2",
	"greaterThanOrEqual": "1 >= 2", "lessThan": "1 < 2", "lessThanOrEqual": "1 <= 2", "plus": "1 + 2", "minus": "1 - 2", "times": "1 * 2",
	"divide": "1 / 2", "minusPrefix": "-(1)", "isNull": "1 IS NULL", "isNotNull": "1 IS NOT NULL", "isTrue": "TRUE IS TRUE", "isFalse": "TRUE IS FALSE",
	"isNotTrue": "TRUE IS NOT TRUE", "isNotFalse": "TRUE IS NOT FALSE", "cast": "CAST(1 AS STRING)", "TRY_CAST": "TRY_CAST('1' AS INT)",
	"ifThenElse": "CASE WHEN TRUE THEN 1 ELSE 2 END", "array": "ARRAY[1]", "map": "MAP[1, 2]", "row": "ROW(1, 2)", "at": "ARRAY[1][1]", "get": "CAST(ROW(1) AS ROW<f INT>).f",
	"IS_JSON": "'{}' IS JSON", "temporalOverlaps": "(TIME '1:00:00', TIME '2:00:00') OVERLAPS (TIME '1:30:00', TIME '3:00:00')",
	"timestampDiff": "TIMESTAMPDIFF(DAY, TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-02 00:00:00')", "position": "POSITION('a' IN 'ba')",
	"overlay": "OVERLAY('abc' PLACING 'x' FROM 2)", "extract": "EXTRACT(DAY FROM DATE '2024-01-02')", "trim": "TRIM(BOTH 'a' FROM 'aba')",
	"JSON_OBJECT": "JSON_OBJECT(KEY 'a' VALUE 1)", "JSON_ARRAY": "JSON_ARRAY(1)", "currentTime": "CURRENT_TIME", "currentDate": "CURRENT_DATE",
	"currentTimestamp": "CURRENT_TIMESTAMP", "localTime": "LOCALTIME", "localTimestamp": "LOCALTIMESTAMP", "now": "NOW()", "currentRowTimestamp": "CURRENT_ROW_TIMESTAMP()",
	"lowerCase": "LOWER('A')", "upperCase": "UPPER('a')", "charLength": "CHAR_LENGTH('a')", "substr": "SUBSTR('abc', 2)", "TRANSLATE3": "TRANSLATE('a', 'a', 'b')",
	"IFNULL": "IFNULL(1, 2)", "COALESCE": "COALESCE(1, 2)", "TYPEOF": "TYPEOF(1)", "OBJECT_OF": "OBJECT_OF('a', 'b', 1).b", "currentDatabase": "CURRENT_DATABASE()",
	"OBJECT_UPDATE": "OBJECT_UPDATE(OBJECT_OF('a', 'b', 1), 'b', 2).b", "JSON_VALUE": "JSON_VALUE('{}', '$.a')", "JSON_QUERY": "JSON_QUERY('{}', '$.a')", "JSON_EXISTS": "JSON_EXISTS('{}', '$.a')",
	"JSON_OBJECTAGG_NULL_ON_NULL": "JSON_OBJECTAGG(KEY 'a' VALUE 1)", "JSON_OBJECTAGG_ABSENT_ON_NULL": "JSON_OBJECTAGG(KEY 'a' VALUE 1 ABSENT ON NULL)",
	"JSON_ARRAYAGG_NULL_ON_NULL": "JSON_ARRAYAGG(1 NULL ON NULL)", "JSON_ARRAYAGG_ABSENT_ON_NULL": "JSON_ARRAYAGG(1)", "distinct": "COUNT(DISTINCT 1)",
}

// elsewhere are those of the Table API alone, of other places than expressions, and internal ones.
var elsewhere = strings.Fields(`as asc desc ASSIGNMENT DEFAULT end flatten over rangeTo reinterpretCast rowtime start streamRecordTimestamp
	withColumns withoutColumns AGG_DECIMAL_MINUS AGG_DECIMAL_PLUS HIVE_AGG_DECIMAL_PLUS SOURCE_WATERMARK CURRENT_WATERMARK lag lead
	FROM_CHANGELOG TO_CHANGELOG ML_PREDICT`)

// Every function that Flink lists is here, in its own syntax where it has one.
func TestFunctionsOfFlink(t *testing.T) {
	all, e := functions(), New(Config{})
	known := func(name string) bool { return all.Scalar(name) != nil || all.Aggregate(name) != nil }
	for _, name := range function.Listed {
		switch {
		case slices.Contains(elsewhere, name):
		case syntax[name] != "":
			if _, err := e.Compile("SELECT "+syntax[name]+" FROM (VALUES (1)) AS t(x)", nil); err != nil {
				t.Errorf("%s, which is %s: %v", name, syntax[name], err)
			}
		case !known(function.InSQL(name)) && !known(strings.ToUpper(name)):
			t.Errorf("there is no %s", name)
		}
	}
}
