// Package watch turns directories into files that are ready to be read: it
// watches first and scans second, so that nothing falls between, waits while a
// file is still being written, and refuses everything that is not a regular
// file.
//
// inotify is a hint here, never the truth. The truth is the directory itself,
// which is scanned at the start, after every queue overflow, when a directory
// was replaced, and on a timer; where inotify cannot work (network and FUSE
// filesystems, no watches left) the timer alone does the job.
//
// One goroutine owns the pending set and its timers; a few workers call the
// handler. fsnotify does not pass on IN_CLOSE_WRITE, so whether a file is
// complete is for the handler to say: it answers [Again] until it is satisfied
// and can see from [File.Quiet] that nothing has moved for the settle time.
//
// Limits: directories are not watched recursively; each costs one of
// fs.inotify.max_user_watches. The package knows nothing of core files.
package watch
