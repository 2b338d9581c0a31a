// Package plugin is the back end of the Grafana data source: it turns panel
// queries into questions to a crash archive, and the answers into data frames.
//
// One file per query type (query_<name>.go) holds one asker; querydata.go lists
// them. An asker gets a checked [query.Request] and returns data frames whose
// Meta.Type and TypeVersion are always set, so that alerting and expressions
// never have to guess.
package plugin
