// Command manifests decodes Kubernetes manifests on standard input strictly, as
// an API server with field validation would, and prints what they are. Unknown
// fields, fields given twice and wrong types are errors. Kinds of other groups
// than Kubernetes' own (custom resources) are named as unchecked.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	sigsyaml "sigs.k8s.io/yaml"
)

func main() {
	if err := check(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func check(in io.Reader, out io.Writer) error {
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme,
		json.SerializerOptions{Yaml: true, Strict: true})
	documents := yaml.NewYAMLReader(bufio.NewReader(in))
	var failed []error
	for n := 1; ; n++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(failed...)
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
		if err := one(decoder, text, out); err != nil {
			failed = append(failed, fmt.Errorf("document %d: %w", n, err))
		}
	}
}

// one decodes one document; an empty one (comments between separators) is none.
func one(decoder runtime.Decoder, text []byte, out io.Writer) error {
	var head unstructured.Unstructured
	if err := sigsyaml.Unmarshal(text, &head.Object); err != nil {
		return err
	}
	if len(head.Object) == 0 {
		return nil
	}
	kind := head.GroupVersionKind()
	if !scheme.Scheme.Recognizes(kind) {
		_, err := fmt.Fprintf(out, "%s %s: not one of Kubernetes' own, unchecked\n", kind.GroupKind(), head.GetName())
		return err
	}
	if _, _, err := decoder.Decode(text, nil, nil); err != nil {
		return fmt.Errorf("%s %s: %w", kind.Kind, head.GetName(), err)
	}
	_, err := fmt.Fprintf(out, "%s %s\n", kind.GroupKind(), head.GetName())
	return err
}
