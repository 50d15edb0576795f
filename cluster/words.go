package cluster

import (
	"os"
	"strings"
)

const (
	wordsFrom = 256 << 10 // of the end of a log
	wordsMost = 500       // bytes of what people are told of it
)

// LastLines are the lines of the end of a log; none if it cannot be read.
func LastLines(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	b := make([]byte, min(info.Size(), wordsFrom))
	n, _ := f.ReadAt(b, info.Size()-int64(len(b))) // what was read will do
	return strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(b[:n]), "?")), "\n")
}

// Words is a line of a log as people are told it: shortened.
func Words(line string) string {
	if line = strings.TrimSpace(line); len(line) > wordsMost {
		return strings.ToValidUTF8(line[:wordsMost], "") + " …"
	}
	return line
}
