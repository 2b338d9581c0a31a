// Package objects lists and reads files and objects in buckets: directories and
// globs, S3 and what speaks its protocol, Google Cloud Storage, Azure Blob
// Storage. It reads ranges, tries again what may succeed later, and says of
// everything that could not be read why.
package objects
