// Package artifact keeps the files that deployments are made of: jars, UDFs,
// Python programs. They lie in a local folder or in an S3 bucket (package s3),
// at <base>/artifacts/namespaces/{namespace}/{file}, which is also the URI that
// a deployment refers to them by.
//
// A file is there whole or not at all: what is being uploaded has no name yet.
package artifact
