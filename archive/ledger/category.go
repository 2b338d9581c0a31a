package ledger

import (
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// categoryHelp says what the categories of every archive mean.
var categoryHelp = map[crash.Kind]string{
	crash.CategoryWrongOutput:     "The answer was given, and was wrong.",
	crash.CategoryToolCallFailure: "A tool was called and failed, or was called wrongly.",
	crash.CategoryTimeout:         "No answer in time.",
	crash.CategorySilentSkip:      "A step was left out, and nothing said so.",
	crash.CategoryHallucinated:    "Something was stated that no source says.",
	crash.CategoryHumanOverride:   "A person had to take over or to correct it.",
	crash.CategoryUnclassified:    "Nobody has said yet what failed.",
}

// categories folds the events that add and change categories. The first event of
// an id adds it.
func categories(stands []query.LedgerEvent) []query.Category {
	var all []query.Category
	at := map[crash.Kind]int{}
	for _, id := range crash.Categories() {
		at[id] = len(all)
		title := strings.ReplaceAll(string(id), "_", " ")
		all = append(all, query.Category{ID: id, Title: strings.ToUpper(title[:1]) + title[1:], Help: categoryHelp[id]})
	}
	for _, e := range stands {
		if e.Action != query.ActionCategory || e.Category == nil {
			continue
		}
		i, known := at[e.Category.ID]
		if !known {
			i = len(all)
			at[e.Category.ID] = i
			all = append(all, query.Category{})
		}
		c := *e.Category
		c.Changes = append(all[i].Changes, query.LedgerRemark{Event: e.ID, Time: e.Time, Actor: e.Actor, Text: change(all[i], c, e.Text)})
		all[i] = c
	}
	return all
}

// change words an entry of a category's changelog.
func change(was, is query.Category, text string) string {
	what := "changed"
	switch {
	case was.ID == "":
		what = "added as “" + is.Title + "”"
	case is.Retired && !was.Retired:
		what = "retired"
	case was.Retired && !is.Retired:
		what = "in use again"
	case is.Title != was.Title:
		what = "renamed from “" + was.Title + "” to “" + is.Title + "”"
	}
	if text != "" {
		what += ": " + text
	}
	return what
}
