// Package scanning tests and measures the exporter's scan command as people run
// it: the binary, against a real S3 server.
package scanning
