// Package scan labels every core that lies in directories and buckets: it lists
// them, reads of each what the label needs, and hands records on. A record has
// the id that the watcher would have given it, so that scanning what was
// watched, scanned before or is scanned by another machine adds nothing.
package scan
