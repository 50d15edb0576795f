package checkpoint

import "github.com/weir-streams/weir/engine/storage"

// MetadataFile is the name of the file that makes a folder a checkpoint.
const MetadataFile = "_metadata"

// LocalPath turns a file: URI or a path into an absolute path.
func LocalPath(uri string) (string, error) { return storage.LocalPath(uri) }

// URI is the file: URI of an absolute path.
func URI(path string) string { return storage.URI(path) }
