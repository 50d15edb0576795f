package resource

import (
	"regexp"
	"strings"
)

const (
	nameLimit       = 63
	targetNameLimit = 250
)

var (
	plainName  = regexp.MustCompile(`^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$`)
	targetName = regexp.MustCompile(`^[0-9a-zA-Z_-]{1,250}$`)
)

// ValidateName checks the name of anything but a DeploymentTarget; field is
// where the caller's input has it.
func ValidateName(field, name string) error {
	switch {
	case name == "":
		return Invalidf(field, "must be set")
	case plainName.MatchString(name):
		return nil
	}
	hint := ""
	if near := Slug(name); near != "" {
		hint = ", for example " + cut(near, nameLimit)
	}
	return Invalidf(field, "must be 1 to %d of the characters a-z, 0-9 and -, not beginning or ending with -, got %s%s", nameLimit, quote(name), hint)
}

// ValidateTargetName checks the name of a DeploymentTarget or a SecretValue.
func ValidateTargetName(field, name string) error {
	switch {
	case name == "":
		return Invalidf(field, "must be set")
	case !targetName.MatchString(name):
		return Invalidf(field, "must be 1 to %d of the characters a-z, A-Z, 0-9, _ and -, got %s", targetNameLimit, quote(name))
	}
	return nil
}

// Slug makes the legal characters of a name out of any text; it may be empty.
func Slug(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	return b.String()
}

// GenerateName makes a legal name out of any text and a suffix of a few legal
// characters that the caller drew at random, such as su1po.
func GenerateName(text, suffix string) string {
	slug := cut(Slug(text), nameLimit-1-len(suffix))
	if slug == "" {
		slug = "deployment"
	}
	return slug + "-" + suffix
}

// FillName gives a deployment without a name one made of its display name. A
// name with spaces is what clients older than the rule for names send: it
// becomes the display name. What is left is for Validate to judge.
func (d *Deployment) FillName(suffix string) {
	m := &d.Metadata
	if strings.ContainsAny(m.Name, " \t\r\n") {
		if m.DisplayName == "" {
			m.DisplayName = m.Name
		}
		m.Name = ""
	}
	if m.Name == "" && m.DisplayName != "" {
		m.Name = GenerateName(m.DisplayName, suffix)
	}
}

// cut shortens a slug to n characters, not leaving a hyphen at the end.
func cut(slug string, n int) string {
	if len(slug) > n {
		slug = slug[:max(n, 0)]
	}
	return strings.TrimRight(slug, "-")
}
