// Package docs holds the tests of the pages: every relative link leads
// somewhere, and every page under docs/ can be reached.
package docs
