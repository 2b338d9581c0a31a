package clickhouse

import (
	"encoding/hex"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

const hexDigits = "0123456789abcdef"

// quote returns a text as a literal of ClickHouse's SQL. It is the only way by
// which a text of a user gets into a statement. Everything but plain printable
// ASCII is written as \xHH, which servers from 18.16 on read alike; parameters
// of the HTTP interface would need a newer one.
func quote(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('\'')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'' || c == '\\' || c < ' ' || c > '~':
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteAll returns texts as a list of literals in parentheses.
func quoteAll(texts []string) string {
	literals := make([]string, len(texts))
	for i, t := range texts {
		literals[i] = quote(t)
	}
	return "(" + strings.Join(literals, ",") + ")"
}

// name quotes an identifier of ours or of the options, which have checked it.
func name(identifier string) string { return "`" + identifier + "`" }

// idList is a subquery of ids: one literal for all of them, because a list of
// thousands of literals takes longer to parse than to look up.
func idList(ids []crash.ID) string {
	packed := make([]byte, 0, len(ids)*len(crash.ID{}))
	for _, id := range ids {
		packed = append(packed, id[:]...)
	}
	return "(SELECT toFixedString(substring(unhex('" + hex.EncodeToString(packed) + "'), number * 16 + 1, 16), 16)" +
		" FROM system.numbers LIMIT " + integer(len(ids)) + ")"
}
