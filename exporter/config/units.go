package config

import (
	"fmt"
	"strconv"
	"time"

	"github.com/alecthomas/units"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/prometheus/common/model"
)

// Duration is written as Prometheus writes durations: 30s, 5m, 1h30m.
type Duration time.Duration

// UnmarshalYAML reads a duration; the error has the line.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	v, err := model.ParseDuration(text(node))
	if err != nil {
		return at(node, "%.40q is not a duration such as 500ms, 30s or 5m", text(node))
	}
	*d = Duration(v)
	return nil
}

// Bytes is a size: a plain number, or one with a unit such as 256MiB.
type Bytes int64

// UnmarshalYAML reads a size; the error has the line.
func (n *Bytes) UnmarshalYAML(node ast.Node) error {
	if v, err := strconv.ParseInt(text(node), 10, 64); err == nil {
		*n = Bytes(v)
		return nil
	}
	v, err := units.ParseBase2Bytes(text(node))
	if err != nil {
		return at(node, "%.40q is not a size such as 1048576 or 256MiB", text(node))
	}
	*n = Bytes(v)
	return nil
}

// Count is a whole number. The YAML library would cut 1.5 to 1.
type Count int

// UnmarshalYAML reads a whole number; the error has the line.
func (n *Count) UnmarshalYAML(node ast.Node) error {
	v, err := strconv.Atoi(text(node))
	if err != nil {
		return at(node, "%.40q is not a whole number", text(node))
	}
	*n = Count(v)
	return nil
}

func text(node ast.Node) string { return node.GetToken().Value }

// at is an error that shows its place in the file.
func at(node ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: node.GetToken()}
}
