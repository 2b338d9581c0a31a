package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// serveOpenAPI serves the description of the API.
func (a *API) serveOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, a.openAPI())
}

// openAPI describes the routes, with schemas generated from the Go types.
func (a *API) openAPI() *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(typeOf[crash.ID](), typeOf[string]())
	registry.RegisterTypeAlias(typeOf[query.Duration](), typeOf[float64]())
	registry.RegisterTypeAlias(typeOf[epi.Real](), typeOf[any]()) // a number, "Inf" or "-Inf"
	registry.RegisterTypeAlias(typeOf[crash.Record](), typeOf[map[string]json.RawMessage]())
	registry.RegisterTypeAlias(typeOf[crash.Runs](), typeOf[map[string]json.RawMessage]())
	doc := &huma.OpenAPI{
		OpenAPI:    "3.1.0",
		Info:       &huma.Info{Title: "Epicurve crash archive", Version: a.Version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
		Components: &huma.Components{Schemas: registry},
		Paths:      make(map[string]*huma.PathItem),
	}
	for _, r := range a.routes() {
		doc.AddOperation(r.describe(registry))
	}
	return doc
}

// schemaName names a type's schema. The evidence of the statistics has a prefix,
// because answers are named after the evidence that they carry.
func schemaName(t reflect.Type, hint string) string {
	name, of := huma.DefaultSchemaNamer(t, hint), t
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.PkgPath() == typeOf[epi.Assessment]().PkgPath() {
		return "Evidence" + name
	}
	return name
}

func (r route) describe(registry huma.Registry) *huma.Operation {
	op := &huma.Operation{Method: r.method, Path: r.path, OperationID: r.id, Summary: r.summary, Responses: make(map[string]*huma.Response)}
	for _, p := range r.params {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: p.name, In: p.in, Description: p.help, Required: p.in == "path", Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	if len(r.accepts) > 0 {
		op.RequestBody = &huma.RequestBody{Required: true, Content: make(map[string]*huma.MediaType)}
		for _, t := range r.accepts {
			media := &huma.MediaType{}
			if r.body != nil && t != "text/csv" {
				media.Schema = registry.Schema(r.body, true, r.id)
			}
			op.RequestBody.Content[t] = media
		}
	}
	ok := &huma.MediaType{}
	switch len(r.answers) {
	case 0:
	case 1:
		ok.Schema = registry.Schema(r.answers[0], true, r.id)
	default:
		ok.Schema = &huma.Schema{}
		for _, t := range r.answers {
			ok.Schema.OneOf = append(ok.Schema.OneOf, registry.Schema(t, true, r.id))
		}
	}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{r.produces: ok}}
	op.Responses["default"] = &huma.Response{
		Description: "Problem details (RFC 9457)",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: registry.Schema(typeOf[problem](), true, "problem")}},
	}
	return op
}
