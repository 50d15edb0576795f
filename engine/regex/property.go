package regex

import (
	"strings"
	"unicode"
)

var (
	digits     = newSet('0', '9')
	spaces     = newSet('\t', '\r', ' ', ' ')
	words      = newSet('0', '9', 'A', 'Z', '_', '_', 'a', 'z')
	horizontal = newSet('\t', '\t', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x180e, 0x180e, 0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000)
	vertical   = newSet('\n', '\r', 0x85, 0x85, 0x2028, 0x2029)
)

// ascii are Java's names of classes of ASCII.
var ascii = map[string]set{
	"ASCII": newSet(0, 0x7F), "Alnum": newSet('0', '9', 'A', 'Z', 'a', 'z'), "Alpha": newSet('A', 'Z', 'a', 'z'), "Blank": newSet('\t', '\t', ' ', ' '),
	"Cntrl": newSet(0, 0x1F, 0x7F, 0x7F), "Digit": digits, "Graph": newSet('!', '~'), "Lower": newSet('a', 'z'), "Print": newSet(' ', '~'),
	"Punct": newSet('!', '/', ':', '@', '[', '`', '{', '~'), "Space": spaces, "Upper": newSet('A', 'Z'), "XDigit": newSet('0', '9', 'A', 'F', 'a', 'f'),
	"all": newSet(0, unicode.MaxRune), "L1": newSet(0, 0xFF),
}

// blocks are ranges by Unicode's name of them, without blanks and marks. Those
// of scripts that are seldom written are not here.
var blocks = map[string][2]rune{
	"BASICLATIN": {0, 0x7F}, "LATIN1SUPPLEMENT": {0x80, 0xFF}, "LATINEXTENDEDA": {0x100, 0x17F}, "LATINEXTENDEDB": {0x180, 0x24F}, "IPAEXTENSIONS": {0x250, 0x2AF},
	"SPACINGMODIFIERLETTERS": {0x2B0, 0x2FF}, "COMBININGDIACRITICALMARKS": {0x300, 0x36F}, "GREEK": {0x370, 0x3FF}, "GREEKANDCOPTIC": {0x370, 0x3FF}, "CYRILLIC": {0x400, 0x4FF},
	"CYRILLICSUPPLEMENTARY": {0x500, 0x52F}, "ARMENIAN": {0x530, 0x58F}, "HEBREW": {0x590, 0x5FF}, "ARABIC": {0x600, 0x6FF}, "SYRIAC": {0x700, 0x74F}, "DEVANAGARI": {0x900, 0x97F},
	"BENGALI": {0x980, 0x9FF}, "TAMIL": {0xB80, 0xBFF}, "THAI": {0xE00, 0xE7F}, "LAO": {0xE80, 0xEFF}, "TIBETAN": {0xF00, 0xFFF}, "GEORGIAN": {0x10A0, 0x10FF}, "HANGULJAMO": {0x1100, 0x11FF},
	"LATINEXTENDEDADDITIONAL": {0x1E00, 0x1EFF}, "GREEKEXTENDED": {0x1F00, 0x1FFF}, "GENERALPUNCTUATION": {0x2000, 0x206F}, "SUPERSCRIPTSANDSUBSCRIPTS": {0x2070, 0x209F},
	"CURRENCYSYMBOLS": {0x20A0, 0x20CF}, "LETTERLIKESYMBOLS": {0x2100, 0x214F}, "NUMBERFORMS": {0x2150, 0x218F}, "ARROWS": {0x2190, 0x21FF}, "MATHEMATICALOPERATORS": {0x2200, 0x22FF},
	"MISCELLANEOUSTECHNICAL": {0x2300, 0x23FF}, "BOXDRAWING": {0x2500, 0x257F}, "BLOCKELEMENTS": {0x2580, 0x259F}, "GEOMETRICSHAPES": {0x25A0, 0x25FF}, "MISCELLANEOUSSYMBOLS": {0x2600, 0x26FF},
	"DINGBATS": {0x2700, 0x27BF}, "CJKSYMBOLSANDPUNCTUATION": {0x3000, 0x303F}, "HIRAGANA": {0x3040, 0x309F}, "KATAKANA": {0x30A0, 0x30FF}, "BOPOMOFO": {0x3100, 0x312F},
	"CJKUNIFIEDIDEOGRAPHSEXTENSIONA": {0x3400, 0x4DBF}, "CJKUNIFIEDIDEOGRAPHS": {0x4E00, 0x9FFF}, "HANGULSYLLABLES": {0xAC00, 0xD7AF}, "PRIVATEUSEAREA": {0xE000, 0xF8FF},
	"HALFWIDTHANDFULLWIDTHFORMS": {0xFF00, 0xFFEF}, "EMOTICONS": {0x1F600, 0x1F64F}, "MISCELLANEOUSSYMBOLSANDPICTOGRAPHS": {0x1F300, 0x1F5FF}, "TRANSPORTANDMAPSYMBOLS": {0x1F680, 0x1F6FF},
}

// scriptCodes are codes of four letters for the scripts met most.
var scriptCodes = map[string]string{
	"LATN": "Latin", "GREK": "Greek", "CYRL": "Cyrillic", "HANI": "Han", "HIRA": "Hiragana", "KANA": "Katakana", "ARAB": "Arabic", "HEBR": "Hebrew", "THAI": "Thai",
	"HANG": "Hangul", "DEVA": "Devanagari", "ZYYY": "Common", "ZINH": "Inherited", "ARMN": "Armenian", "GEOR": "Georgian",
}

func block(name string) (set, bool) {
	b, ok := blocks[strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToUpper(name))]
	return newSet(b[0], b[1]), ok
}

func script(name string) (set, bool) {
	if s := scriptCodes[strings.ToUpper(name)]; s != "" {
		name = s
	}
	for n, t := range unicode.Scripts {
		if strings.EqualFold(n, name) {
			return tables(t), true
		}
	}
	return set{}, false
}

// category is what \p{name} means without a prefix.
func category(name string) (set, bool) {
	if s, ok := ascii[name]; ok {
		return s, true
	}
	switch name {
	case "LC":
		return tables(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "LD":
		return tables(unicode.L, unicode.Nd), true
	case "Cn":
		return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C).negate(), true
	case "C":
		return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z).negate(), true
	case "javaLowerCase":
		return tables(unicode.Ll, unicode.Other_Lowercase), true
	case "javaUpperCase":
		return tables(unicode.Lu, unicode.Other_Uppercase), true
	case "javaTitleCase":
		return tables(unicode.Lt), true
	case "javaAlphabetic":
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic), true
	case "javaIdeographic":
		return tables(unicode.Ideographic), true
	case "javaDigit":
		return tables(unicode.Nd), true
	case "javaDefined":
		s, _ := category("Cn")
		return s.negate(), true
	case "javaLetter":
		return tables(unicode.L), true
	case "javaLetterOrDigit":
		return tables(unicode.L, unicode.Nd), true
	case "javaJavaIdentifierStart", "javaUnicodeIdentifierStart":
		return tables(unicode.L, unicode.Nl, unicode.Sc, unicode.Pc), true
	case "javaJavaIdentifierPart", "javaUnicodeIdentifierPart":
		return tables(unicode.L, unicode.Nl, unicode.Sc, unicode.Pc, unicode.Nd, unicode.Mc, unicode.Mn), true
	case "javaSpaceChar":
		return tables(unicode.Z), true
	case "javaWhitespace":
		return tables(unicode.Z).and(newSet(0xA0, 0xA0, 0x2007, 0x2007, 0x202F, 0x202F).negate()).union(newSet('\t', '\r', 0x1C, 0x1F)), true
	case "javaISOControl":
		return newSet(0, 0x1F, 0x7F, 0x9F), true
	case "javaMirrored":
		return newSet('(', ')', '<', '<', '>', '>', '[', '[', ']', ']', '{', '{', '}', '}', 0xAB, 0xAB, 0xBB, 0xBB), true
	}
	if t, ok := unicode.Categories[name]; ok && len(name) <= 2 && name != "LC" {
		return tables(t), true
	}
	return set{}, false
}

// property is what \p{Isname} means, of the binary properties.
func property(name string) (set, bool) {
	switch strings.ToUpper(name) {
	case "ALPHABETIC":
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic), true
	case "LETTER":
		return tables(unicode.L), true
	case "IDEOGRAPHIC":
		return tables(unicode.Ideographic), true
	case "LOWERCASE":
		return tables(unicode.Ll, unicode.Other_Lowercase), true
	case "UPPERCASE":
		return tables(unicode.Lu, unicode.Other_Uppercase), true
	case "TITLECASE":
		return tables(unicode.Lt), true
	case "WHITE_SPACE", "WHITESPACE":
		return tables(unicode.White_Space), true
	case "CONTROL":
		return tables(unicode.Cc), true
	case "PUNCTUATION":
		return tables(unicode.P), true
	case "HEX_DIGIT", "HEXDIGIT":
		return tables(unicode.Hex_Digit, unicode.Nd), true
	case "ASSIGNED":
		s, _ := category("Cn")
		return s.negate(), true
	case "NONCHARACTER_CODE_POINT", "NONCHARACTERCODEPOINT":
		return tables(unicode.Noncharacter_Code_Point), true
	case "DIGIT":
		return tables(unicode.Nd), true
	case "ALNUM":
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.Nd), true
	case "BLANK":
		return tables(unicode.Zs).union(newSet('\t', '\t')), true
	case "WORD":
		return unicodeWords(), true
	case "JOIN_CONTROL", "JOINCONTROL":
		return tables(unicode.Join_Control), true
	case "GRAPH":
		return graph(), true
	case "PRINT":
		return graph().union(tables(unicode.Zs)).and(tables(unicode.Cc).negate()), true
	}
	return set{}, false
}

func graph() set {
	cn, _ := category("Cn")
	return tables(unicode.Z, unicode.Cc, unicode.Cs).union(cn).negate()
}

func unicodeWords() set {
	return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
}

// posixUnicode are the names of ASCII classes where (?U) is on.
var posixUnicode = map[string]string{
	"Alpha": "ALPHABETIC", "Lower": "LOWERCASE", "Upper": "UPPERCASE", "Space": "WHITE_SPACE", "Punct": "PUNCTUATION", "XDigit": "HEX_DIGIT", "Alnum": "ALNUM",
	"Cntrl": "CONTROL", "Digit": "DIGIT", "Blank": "BLANK", "Graph": "GRAPH", "Print": "PRINT",
}
