package pipeline

import (
	"strings"
	"unicode/utf8"

	"github.com/epicurve/epicurve/pkg/crash"
)

// bound brings every text of a record within its bound and into valid UTF-8, so
// that no file name or thread name, which others choose, makes the archive
// refuse a crash. Control characters go too: these texts end in terminals.
func bound(r *crash.Record) {
	for _, f := range crash.Fields() {
		switch {
		case f.String != nil:
			s := f.String(r)
			*s = clean(*s, f.Bound)
		case f.Strings != nil:
			list := f.Strings(r)
			*list = (*list)[:min(len(*list), f.Bound)]
			for i, s := range *list {
				(*list)[i] = clean(s, crash.MaxListItem)
			}
		}
	}
}

func clean(s string, limit int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.ContainsFunc(s, isControl) {
		s = strings.Map(func(c rune) rune {
			if isControl(c) {
				return '\uFFFD'
			}
			return c
		}, s)
	}
	if len(s) <= limit {
		return s
	}
	s = s[:limit]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// isControl covers C0, DEL and C1.
func isControl(c rune) bool { return c < 0x20 || (c >= 0x7f && c < 0xa0) }
