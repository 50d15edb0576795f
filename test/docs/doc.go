// Package docs runs what the documents show, so that they cannot rot: every
// example, every command of the README and the guides that is marked to run,
// the lists of what SQL the engine runs and refuses, the examples of functions.
//
// Marks are the words after a code fence:
//
//	sh run        runs in bash, all blocks of a document in one shell, in order
//	sh server     the same, in the background, until it prints its URL
//	sql setup     is put before every later statement of the document
//	sql run       each statement must run
//	sql refused   each statement must be refused as not built yet
//
// An HTML comment that begins with "run" is a block that readers do not see,
// for checks and for waiting.
package docs
