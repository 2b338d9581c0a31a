package logsource

// Position is a place in a feed from which a later run goes on.
type Position struct {
	// Cursor is the journal's name of the last entry that was read.
	Cursor string `json:"cursor,omitempty"`
	// File is the place in a log file, nil for other feeds.
	File *FilePosition `json:"file,omitempty"`
}

// FilePosition is a place in a log file. The file is recognised by device and
// inode and, because inodes are used again and a file can be truncated and
// written anew, by a fingerprint of its beginning.
type FilePosition struct {
	Dev    uint64 `json:"dev"`
	Ino    uint64 `json:"ino"`
	Offset int64  `json:"offset"`
	// Head is the number of bytes that Sum is of, at most fingerprintSize and
	// never more than were read.
	Head int64  `json:"head"`
	Sum  uint64 `json:"sum"`
	// Generation counts the contents that the file's name has stood for, so
	// that equal text at an equal offset of another content is told apart.
	Generation uint64 `json:"generation"`
}
