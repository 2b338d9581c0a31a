package support

import "regexp"

const redacted = "[redacted]"

// secrets are the shapes in which a secret appears in configuration, logs and
// headers. Names of files that hold secrets stay: they are needed and tell nothing.
var secrets = []struct {
	shape       *regexp.Regexp
	replacement string
}{
	// user and password in a URL
	{regexp.MustCompile(`(://)[^/\s"'@]+@`), "${1}" + redacted + "@"},
	// headers
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}`), "${1} " + redacted},
	// key: value, key=value and "key": "value", but not key_file
	{
		regexp.MustCompile(`(?i)(["']?[\w.-]*(?:token|password|passwd|passphrase|secret|credential|api[_-]?key|private[_-]?key|authorization)s?["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,}"'\n][^\n,}]*)`),
		"${1}" + redacted,
	},
	// parameters of a URL
	{regexp.MustCompile(`(?i)([?&](?:key|signature|sig)=)[^&\s"']+`), "${1}" + redacted},
}

// Redact returns text without what looks like a secret. It would rather take too
// much than too little.
func Redact(text []byte) []byte {
	for _, s := range secrets {
		text = s.shape.ReplaceAll(text, []byte(s.replacement))
	}
	return text
}
