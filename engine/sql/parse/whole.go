package parse

// Whole cuts off a text that is still being written the statements that have
// their closing semicolon, as Split does, and gives what stands after them.
// The rest has no statement of its own when it is only space and comments.
func Whole(src string) (statements []Fragment, rest string) {
	toks := lex(src)
	var block blockTracker
	begin, end := 0, 0 // token, byte
	for i, t := range toks {
		if !t.is(";") || block.open {
			block.see(t)
			continue
		}
		if i > begin {
			statements = append(statements, Fragment{Text: src[toks[begin].start:toks[i-1].stop], Pos: toks[begin].pos})
		}
		begin, end, block = i+1, t.stop, blockTracker{}
	}
	return statements, src[end:]
}
