package crash

import (
	"maps"
	"slices"
)

// Complete fills in what a sender other than our exporter may leave out: the
// kind "unknown", the class that follows from the kind, the schema's version,
// and an id made of the record's content in a namespace, so that the same record
// sent again is the same crash. extra is hashed with the content.
func (r *Record) Complete(namespace string, extra ...string) {
	if r.IsWorkflow() || r.looksLikeWorkflow() {
		r.completeWorkflow()
	}
	if r.Finding.Kind == "" {
		r.Finding.Kind = KindUnknown
	}
	if r.Finding.Class == "" {
		r.Finding.Class = r.Finding.Kind.Class()
	}
	if r.SchemaVersion == 0 {
		r.SchemaVersion = SchemaVersion
	}
	if r.ID.IsZero() {
		r.ID = r.contentID(namespace, extra)
	}
}

func (r *Record) contentID(namespace string, extra []string) ID {
	h := NewHasher(namespace)
	h.Add(FieldTime, []byte(FormatTime(r.Time)))
	for _, s := range extra {
		h.Add("extra", []byte(s))
	}
	for _, f := range Fields() {
		if f.Workflow && f.Text(r) == "" {
			continue // so that crashes keep the ids that they had before these fields were
		}
		if f.Strings == nil {
			h.Add(f.Name, []byte(f.Text(r)))
			continue
		}
		for _, item := range *f.Strings(r) {
			h.Add(f.Name, []byte(item))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		h.Add("attribute "+name, []byte(r.Attributes[name]))
	}
	return h.ID()
}
