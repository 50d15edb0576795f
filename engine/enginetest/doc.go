// Package enginetest runs scripts that say what SQL means: tables fed with rows,
// queries, and the result each must have.
//
// Every query runs five ways, and the results must agree: one task; three
// tasks; stopped with a savepoint in the middle of the input and restored at
// another parallelism; failed after a checkpoint and recovered; failed after a
// chain of incremental checkpoints and recovered. Nothing here depends on time: a feed stops at a gate until it is told to go on.
//
// A script is a file of directives, each with its input, a line of four dashes
// and the expected output (rewritten by go test -rewrite):
//
//	feed orders                     the input table
//	id INT, customer STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
//	--
//	1 | amy | 2024-01-01 00:00:01
//	2 | NULL | 2024-01-01 00:00:02
//	----
//	2 rows
//
//	query [changelog] [serial] [ways=(one,three,savepoint,recover,chain)]
//	SELECT customer, COUNT(*) FROM orders GROUP BY customer
//	----
//	customer STRING, EXPR$1 BIGINT NOT NULL
//	NULL | 1
//	amy | 1
//
// A row of a feed may begin with +I, -U, +U or -D: then the table is a
// changelog. NULL is null, ” is the empty string; values of ARRAY, MAP and ROW
// columns are JSON. The result is the final table, sorted; with changelog it is
// the changes in order, of the run with one task. With serial every way has one
// task only; late is serial, and says that rows of the query are late. A table of
// the test tells which operators must be run with inserts, retractions, NULLs, late
// rows and state that lives for a time, and why one need not be. In exec ${FOLDER} is that of the scripts, ${MODULE} the example of
// functions in Go. Other directives: exec (DDL
// and SET, kept for the queries after it) and fails (a query and its error).
package enginetest
