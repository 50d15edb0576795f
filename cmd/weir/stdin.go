package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// readPiped reads what is piped in.
func (s *session) readPiped() ([]byte, error) {
	if f, ok := s.in.(*os.File); ok && isTerminal(f) {
		return nil, errors.New("nothing is piped in")
	}
	text, err := io.ReadAll(io.LimitReader(s.in, maxManifest+1))
	if err == nil && len(text) > maxManifest {
		err = fmt.Errorf("standard input: larger than %d bytes", maxManifest)
	}
	return text, err
}

// withoutNewline takes off the line break with which editors and echo end a text.
func withoutNewline(text []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
}
