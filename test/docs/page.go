package docs

import (
	"fmt"
	"os"
	"strings"
)

// block is a piece of a document that is marked.
type block struct {
	mark string // such as "sh run"
	text string
	line int // of its first line
}

// readBlocks returns the marked blocks of a Markdown file.
func readBlocks(path string) ([]block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []block
	var open *block
	end, keep := "", false
	for i, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open != nil && trimmed == end:
			if keep {
				all = append(all, *open)
			}
			open = nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(trimmed, "```"):
			mark := strings.TrimSpace(strings.TrimLeft(trimmed, "`"))
			open, end, keep = &block{mark: mark, line: i + 2}, "```", strings.Contains(mark, " ")
		case trimmed == "<!-- run":
			open, end, keep = &block{mark: "sh run", line: i + 2}, "-->", true
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block does not end", path, open.line)
	}
	for _, b := range all {
		switch b.mark {
		case "sh run", "sh server", "sql setup", "sql run", "sql refused":
		default:
			return nil, fmt.Errorf("%s:%d: a block is marked %q, which means nothing", path, b.line, b.mark)
		}
	}
	return all, nil
}
