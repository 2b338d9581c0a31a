package objects

import (
	"context"
	"io"
	"time"
)

// Object is one file or object, as a listing tells it.
type Object struct {
	// URL names it for people and for ever: s3://bucket/key, or the path of
	// a file.
	URL string
	// Key is its name in its store.
	Key      string
	Size     int64
	Modified time.Time
	// Tag changes when the content does: an ETag or a generation; "" for files.
	Tag string
	// Metadata is what the store keeps beside the object, where the listing
	// tells it already, with names in lower case.
	Metadata map[string]string
}

// Store is a place with objects. It is safe for concurrent use.
type Store interface {
	// List calls yield for every object, in no particular order, until yield
	// or the listing fails. What can't be listed by itself, such as one
	// folder, goes to failed, and the listing goes on.
	List(ctx context.Context, yield func(Object) error, failed func(url string, err error)) error
	// Open prepares to read an object.
	Open(ctx context.Context, o Object) (Source, error)
}

// Source reads one object; it is for one goroutine. Every error is an *Error.
type Source interface {
	io.ReaderAt
	io.Closer
	// Metadata is what the store keeps beside the object, with names in lower
	// case. It is known after the first read.
	Metadata() map[string]string
	// Taken returns the bytes taken from the store and the requests it took.
	Taken() (bytes int64, requests int)
}
