package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Environment looks up a variable; [os.LookupEnv] is one.
type Environment func(name string) (value string, ok bool)

// reference is ${NAME}, or $${ for a literal ${.
var reference = regexp.MustCompile(`\$\$\{|\$\{[^}]*\}?`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// unexpanded is what was meant to be a variable.
var unexpanded = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// checkUnexpanded finds variables in the texts that go out with every crash and
// every push, when none are replaced: hosts of the name ${NODE_NAME} are worse
// than no start.
func (c *Config) checkUnexpanded() error {
	var errs []error
	for field, texts := range map[string]map[string]string{"annotations.static": c.Annotations.Static, "push.labels": c.Push.Labels} {
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			if unexpanded.MatchString(texts[name]) {
				errs = append(errs, fmt.Errorf("%s: %s: %.80q: variables are replaced only with the flag --config.expand-env", field, name, texts[name]))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// expand replaces ${NAME} in the values of a file by variables of the
// environment. It works on the parsed file, so that no value, whatever it
// holds, becomes a key, a list or a comment. A value that is not quoted has the
// type that it would have if it stood in the file.
func expand(file *ast.File, env Environment) error {
	if env == nil {
		return nil
	}
	for _, doc := range file.Docs {
		body, err := expandNode(doc.Body, env)
		if err != nil {
			return err
		}
		doc.Body = body
	}
	return nil
}

func expandNode(node ast.Node, env Environment) (ast.Node, error) {
	var err error
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if _, err := expandNode(pair, env); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		if reference.MatchString(n.Key.String()) {
			return nil, at(n.Key, "a key cannot hold a variable, only a value can")
		}
		n.Value, err = expandNode(n.Value, env)
	case *ast.SequenceNode:
		for i := range n.Values {
			if n.Values[i], err = expandNode(n.Values[i], env); err != nil {
				return nil, err
			}
		}
	case *ast.AnchorNode:
		n.Value, err = expandNode(n.Value, env)
	case *ast.TagNode:
		n.Value, err = expandNode(n.Value, env)
	case *ast.LiteralNode:
		n.Value.Value, err = expandText(n.Value, n.Value.Value, env)
	case *ast.StringNode:
		return expandString(n, env)
	}
	return node, err
}

// expandString replaces a scalar by one of the same place and of the new text.
func expandString(n *ast.StringNode, env Environment) (ast.Node, error) {
	text, err := expandText(n, n.Value, env)
	if err != nil || text == n.Value {
		return n, err
	}
	old := n.GetToken()
	tk := old.Clone()
	if old.Type == token.StringType && text != "" { // not quoted
		tk = token.New(text, old.Origin, old.Position)
		tk.Prev, tk.Next = old.Prev, old.Next
	}
	tk.Value = text
	switch tk.Type {
	case token.IntegerType:
		return ast.Integer(tk), nil
	case token.FloatType:
		return ast.Float(tk), nil
	case token.BoolType:
		return ast.Bool(tk), nil
	}
	return ast.String(tk), nil
}

func expandText(n ast.Node, text string, env Environment) (string, error) {
	var problem string
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		if ref == "$${" {
			return "${"
		}
		name, closed := strings.CutSuffix(strings.TrimPrefix(ref, "${"), "}")
		switch value, ok := env(name); {
		case !closed || !variableName.MatchString(name):
			problem = fmt.Sprintf("%.60q is not of the form ${NAME}; write $${ for a literal ${", ref)
		case !ok:
			problem = fmt.Sprintf("the environment has no variable %s", name)
		case strings.ContainsAny(value, "\x00\r\n"):
			problem = fmt.Sprintf("the variable %s holds more than one line", name)
		default:
			return value
		}
		return ref
	})
	if problem != "" {
		return "", at(n, "%s", problem)
	}
	return out, nil
}
