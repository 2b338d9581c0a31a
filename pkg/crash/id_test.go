package crash_test

import (
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestHasherSeparatesParts(t *testing.T) {
	id := func(namespace string, parts ...[2]string) crash.ID {
		h := crash.NewHasher(namespace)
		for _, p := range parts {
			h.Add(p[0], []byte(p[1]))
		}
		return h.ID()
	}
	base := id("core", [2]string{"prstatus", "ab"}, [2]string{"siginfo", "c"})
	if again := id("core", [2]string{"prstatus", "ab"}, [2]string{"siginfo", "c"}); again != base {
		t.Error("equal parts give different ids")
	}
	for name, other := range map[string]crash.ID{
		"content moved to the next part": id("core", [2]string{"prstatus", "a"}, [2]string{"siginfo", "bc"}),
		"other label":                    id("core", [2]string{"prpsinfo", "ab"}, [2]string{"siginfo", "c"}),
		"other namespace":                id("kernel_log", [2]string{"prstatus", "ab"}, [2]string{"siginfo", "c"}),
		"part missing":                   id("core", [2]string{"prstatus", "ab"}),
		"parts swapped":                  id("core", [2]string{"siginfo", "c"}, [2]string{"prstatus", "ab"}),
	} {
		if other == base {
			t.Errorf("%s: same id %s", name, base)
		}
	}
}

// The id is kept in archives for years: it must never change for equal input.
func TestIDIsStableForEver(t *testing.T) {
	h := crash.NewHasher("core")
	h.Add("1", []byte{0, 1, 2})
	const want = "5ada1a42-aac2-8031-a5f9-73078eb699ad"
	if got := h.ID().String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseID(t *testing.T) {
	const text = "0102030a-0405-8607-8809-0a0b0c0d0e0f"
	id, err := crash.ParseID("0102030A-0405-8607-8809-0A0B0C0D0E0F")
	if err != nil || id.String() != text {
		t.Fatalf("got %s, %v; want %s", id, err, text)
	}
	for _, bad := range []string{"", "0102030a0405860788090a0b0c0d0e0f", text + "0", text[:35] + "g", "0102030a_0405-8607-8809-0a0b0c0d0e0f"} {
		if _, err := crash.ParseID(bad); err == nil {
			t.Errorf("%q was taken as an id", bad)
		}
	}
}
