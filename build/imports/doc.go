// Package imports holds the test of the import directions: which room of the
// house may use which, and which rooms alone may use a library. The law is the
// two tables in directions_test.go; a forbidden import fails with the offender,
// what it imported and why that is forbidden.
package imports
