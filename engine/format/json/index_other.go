//go:build !amd64

package json

var (
	indexBlocks    = indexWords
	unescapeBlocks = unescapePlain
)
