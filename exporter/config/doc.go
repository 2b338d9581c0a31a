// Package config reads the exporter's configuration: defaults, then a strict
// YAML file, then flags, each overriding the one before. Errors name the line,
// the field and what is possible. Secrets come from files named in it, never
// from flags or from the text itself. The environment is not consulted, unless
// a flag allows the file to name variables of it as ${NAME}.
package config
