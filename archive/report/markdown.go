package report

import (
	"fmt"
	"io"
	"strings"
)

func writeMarkdown(w io.Writer, r *Report) error {
	p := &errWriter{w: w}
	fmt.Fprintf(p, "# Crash report\n\n%s\n\n", headline(r))
	for _, n := range r.Notices {
		fmt.Fprintf(p, "> %s\n\n", markdown(n))
	}
	fmt.Fprintln(p, "| Class | Kind | Signature | Crashes | Hosts | First seen (UTC) | Last seen (UTC) | Trend |")
	fmt.Fprintln(p, "| --- | --- | --- | ---: | ---: | --- | --- | --- |")
	for _, c := range r.Clusters.Clusters {
		fmt.Fprintf(p, "| %s | %s | %s | %d | %d | %s | %s | %s |\n", c.Class, c.Kind, markdown(c.Signature),
			c.Crashes, c.Hosts, stamp(c.FirstSeen), stamp(c.LastSeen), sparkline(c.Trend))
	}
	if rest := r.Clusters.Total - int64(len(r.Clusters.Clusters)); rest > 0 {
		fmt.Fprintf(p, "\nand %s\n", count(rest, "more cluster", "more clusters"))
	}
	if len(r.Hosts) > 0 {
		fmt.Fprintf(p, "\nHosts: %s\n", markdown(hostLine(r)))
	}
	for _, s := range r.Sections() {
		markdownSection(p, s)
	}
	fmt.Fprintf(p, "\n## Crashes by %s\n\n```text\n", r.GroupBy)
	writeCurve(p, r.Curve)
	fmt.Fprintln(p, "```")
	return p.err
}

func markdownSection(w io.Writer, s Section) {
	fmt.Fprintf(w, "\n## %s\n\n", s.Title)
	for _, line := range s.Lines {
		fmt.Fprintf(w, "- %s\n", markdown(line))
	}
	row := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, c := range cells {
			escaped[i] = markdown(c)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(escaped, " | "))
	}
	if len(s.Rows) == 0 {
		return
	}
	if len(s.Lines) > 0 {
		fmt.Fprintln(w)
	}
	row(s.Head)
	fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(s.Head)))
	for _, r := range s.Rows {
		row(r)
	}
}

// markdown escapes what would be read as markup or end a table's cell.
var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", "[", `\[`)

func markdown(s string) string { return markdownEscapes.Replace(clean(s)) }
