import { expect, test } from 'vitest'
import { Changelog, csv, json, matching } from './changelog'
import { createTable, kindOf, offset, only, prelude, quoted, shortType, split, statementAt } from './sql'

test('statements end at semicolons outside of texts, names and comments', () => {
  const script = "-- one; two\nSELECT ';' AS `a;b`; /* ; */ SELECT 2;;\n  SET 'a' = 'it''s;'"
  expect(split(script).map((s) => s.text)).toEqual(["SELECT ';' AS `a;b`", 'SELECT 2', "SET 'a' = 'it''s;'"])
  expect(split(script).map((s) => script.slice(s.from, s.to))).toEqual(split(script).map((s) => s.text))
  expect(split(' -- nothing\n')).toEqual([])
  expect(split("SELECT 'open ; SELECT 2")).toHaveLength(1)
})

test('a statement set is one statement', () => {
  const set = 'BEGIN STATEMENT SET;\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND'
  expect(split(`${set};\nSELECT 1`).map((s) => s.text)).toEqual([set, 'SELECT 1'])
  const execute = 'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN x THEN 1 END; INSERT INTO b SELECT 2; END'
  expect(split(`${execute}; SELECT 1`)).toHaveLength(2)
})

test('the statement at the cursor, and what goes before it', () => {
  const all = split('SET a = 1; CREATE TEMPORARY TABLE t (a INT); CREATE TABLE u (a INT); SELECT 1')
  expect(statementAt(all, 0)).toBe(0)
  expect(statementAt(all, 1000)).toBe(3)
  expect(statementAt([], 3)).toBe(-1)
  expect(prelude(all, 3).map((s) => s.text)).toEqual(['SET a = 1', 'CREATE TEMPORARY TABLE t (a INT)'])
})

test.each([
  ['select 1', 'query'], ['WITH x AS (SELECT 1) SELECT * FROM x', 'query'], ['/* x */ INSERT INTO a SELECT 1', 'insert'], ['CREATE TABLE t (a INT)', 'declare'],
  ['CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1', 'temporary'], ['CREATE TABLE temporary_t (a INT)', 'declare'], ['SHOW TABLES', 'other'], ['USE x', 'session'],
])('%s is %s', (statement, kind) => expect(kindOf(statement)).toBe(kind))

test('blank all but some: places stay', () => {
  const script = 'SELECT 1;\nSELECT bad;\nSELECT 3'
  const all = split(script)
  expect(only(script, [all[1]!])).toBe('         \nSELECT bad;')
  expect(offset('ä𝒳b\nxy', 1, 3)).toBe(3)
  expect(offset('a\nxy', 2, 2)).toBe(3)
})

test('names and types', () => {
  expect([quoted('a_b'), quoted('order'), quoted('a b'), quoted('x`y')]).toEqual(['a_b', '`order`', '`a b`', '`x``y`'])
  expect(shortType('ROW<`a` VARCHAR(2147483647) NOT NULL>')).toBe('ROW<`a` STRING NOT NULL>')
  expect(createTable({ name: 't', temporary: false, columns: [{ name: 'ts', type: 'TIMESTAMP(3)' }], primaryKey: ['ts'], watermark: { column: 'ts', delay: '5' }, options: { connector: 'x', empty: '' } }))
    .toBe("CREATE TABLE t (\n  ts TIMESTAMP(3),\n  PRIMARY KEY (ts) NOT ENFORCED,\n  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND\n) WITH (\n  'connector' = 'x'\n);")
})

test('changes make a table', () => {
  const c = new Changelog()
  c.add('+I', ['x', '1'])
  c.add('+I', ['y', null])
  c.add('-U', ['x', '1'])
  c.add('+U', ['x', '2'])
  c.add('-D', ['z', '9'])
  expect(c.table().map((r) => r.cells)).toEqual([['x', '2'], ['y', null]])
  expect([c.live, c.seen, c.unmatched]).toEqual([2, 5, 1])
  c.add('+I', ['y', null])
  c.add('-D', ['y', null])
  expect(c.live).toBe(2)
  expect(matching(c.table(), 'X').length).toBe(1)
})

test('rows to take away', () => {
  expect(csv(['a', 'b'], [['1,2', null], ['', '"']])).toBe('a,b\n"1,2",\n"",""""\n')
  expect(JSON.parse(json([{ name: 'n', type: 'BIGINT' }, { name: 'b', type: 'BOOLEAN' }, { name: 's', type: 'STRING' }], [['9007199254740993', 'true', '1'], ['5', null, null]])))
    .toEqual([{ n: '9007199254740993', b: true, s: '1' }, { n: 5, b: null, s: null }])
})
