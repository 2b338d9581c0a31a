// Package query is the query model that the archive and the Grafana plugin
// share: what can be asked, how a question is checked, and what an answer looks
// like on the wire. A question is one JSON object, posted to /api/v1/query.
package query
