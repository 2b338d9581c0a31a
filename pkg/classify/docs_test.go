package classify

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/rules.md")

// TestMarkdown fails when docs/rules.md is stale.
func TestMarkdown(t *testing.T) {
	const path = "../../docs/rules.md"
	want := Markdown()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/rules.md is stale; run: go generate ./pkg/classify")
	}
}

// TestRuleMetadata: every rule says what it decides, by what evidence, and what
// it rests on; every kind that a core can have belongs to a rule.
func TestRuleMetadata(t *testing.T) {
	var names []string
	covered := map[crash.Kind]bool{crash.KindOutOfMemory: true, crash.KindUnreadable: true} // from logs, from the reader
	for _, r := range Rules() {
		if r.Decides == "" || r.Evidence == "" || len(r.Basis) == 0 || len(r.Kinds) == 0 || r.apply == nil {
			t.Errorf("rule %q lacks metadata", r.Name)
		}
		if slices.Contains(names, r.Name) || r.Name != strings.ToLower(r.Name) {
			t.Errorf("rule name %q is not unique and lower case", r.Name)
		}
		names = append(names, r.Name)
		if _, err := os.Stat("rule_" + r.Name + ".go"); err != nil {
			t.Errorf("rule %s has no file of its own: %v", r.Name, err)
		}
		for _, k := range r.Kinds {
			covered[k] = true
			if !k.Valid() {
				t.Errorf("rule %s: kind %q is not in the closed set", r.Name, k)
			}
		}
	}
	for _, k := range crash.Kinds() {
		if !covered[k] {
			t.Errorf("no rule gives kind %s", k)
		}
	}
	if last := names[len(names)-1]; last != "unknown" {
		t.Errorf("the last rule is %s, want one that always applies", last)
	}
}
