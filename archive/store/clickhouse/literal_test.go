package clickhouse

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/crash"
)

// TestQuoteIsReadBack asks a server for texts of any bytes, alone and in a list:
// what is not read back as it was would be a way out of the literal.
func TestQuoteIsReadBack(t *testing.T) {
	s := opened(t)
	texts := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(`'"\;%_-/*`+"`\x00\n\r\t{}?:x41u0U"))), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(texts, 1, 5).Draw(t, "texts")
		var got []string
		err := s.reading().rows(context.Background(), "SELECT arrayJoin(["+quoteAll(list)[1:len(quoteAll(list))-1]+"])", func(d *rowDecoder) { got = append(got, d.text()) })
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range list {
			if i >= len(got) || got[i] != want {
				t.Fatalf("%q came back as %q", list, got)
			}
		}
	})
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":               `''`,
		"db-7":           `'db-7'`,
		`a' OR '1'='1`:   `'a\x27 OR \x271\x27=\x271'`,
		"\\":             `'\x5c'`,
		"日":              `'\xe6\x97\xa5'`,
		"line\nand\x00!": `'line\x0aand\x00!'`,
	} {
		if got := quote(text); got != want {
			t.Errorf("quote(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestIDListIsReadBack(t *testing.T) {
	s := opened(t)
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) crash.ID { return crash.ID(b) }), 1, 50).Draw(t, "ids")
		var got []crash.ID
		err := s.reading().rows(context.Background(), "SELECT * FROM "+idList(ids), func(d *rowDecoder) { got = append(got, d.id()) })
		if err != nil || len(got) != len(ids) {
			t.Fatalf("%d ids of %d, %v", len(got), len(ids), err)
		}
		for i := range ids {
			if got[i] != ids[i] {
				t.Fatalf("id %s came back as %s", ids[i], got[i])
			}
		}
	})
}
