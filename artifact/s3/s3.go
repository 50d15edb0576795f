// Package s3 keeps artifacts in an S3 bucket, of AWS or of anything that
// speaks its protocol.
//
// What is uploaded is first gathered on disk, so that an upload that breaks off
// leaves nothing in the bucket, and its checksum can be stored with it.
package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/resource"
)

// Config is where the bucket is and how to write to it.
type Config struct {
	// Location is s3://BUCKET/PREFIX; the prefix may be missing.
	Location string
	// Endpoint is the URL of the service; empty: AWS.
	Endpoint string
	Region   string // empty: us-east-1
	// PathStyle puts the bucket into the path of requests and not into the
	// name of the host, as most services but AWS want it.
	PathStyle bool
	// Encryption on the side of the service: empty, AES256, aws:kms or
	// aws:kms:KEY.
	Encryption string
	// Credentials; nil: the environment (AWS_ACCESS_KEY_ID …), the file of the
	// AWS tools, the role of the machine.
	Credentials *credentials.Credentials
	// Dir is where uploads are gathered; empty: the system's temporary folder.
	Dir string
}

// Store is an artifact.Store in a bucket.
type Store struct {
	client     *minio.Client
	bucket     string
	prefix     string // with a slash at the end, or empty
	base       string
	dir        string
	encryption encrypt.ServerSide
}

const partSize = 16 << 20 // of large uploads; each is held in memory

// checksum is the user metadata that has the SHA-256 of a file.
const checksum = "Weir-Sha256"

// New makes a store; the bucket must be there.
func New(c Config) (*Store, error) {
	u, err := url.Parse(c.Location)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("artifacts at %q: want s3://BUCKET or s3://BUCKET/PREFIX", c.Location)
	}
	s := &Store{bucket: u.Host, dir: c.Dir}
	s.base = "s3://" + u.Host
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		s.prefix, s.base = prefix+"/", s.base+"/"+prefix
	}
	if s.encryption, err = encryption(c.Encryption); err != nil {
		return nil, err
	}
	endpoint, secure, err := endpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Credentials == nil {
		c.Credentials = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	s.client, err = minio.New(endpoint, &minio.Options{Creds: c.Credentials, Secure: secure, Region: c.Region, BucketLookup: lookup, MaxRetries: 3})
	if err != nil {
		return nil, fmt.Errorf("artifacts at %s: %w", c.Location, err)
	}
	return s, nil
}

func endpoint(text string) (host string, secure bool, err error) {
	if text == "" {
		return "s3.amazonaws.com", true, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", false, fmt.Errorf("S3 endpoint %q: want scheme and host, such as https://minio.example.com:9000", text)
	}
	return u.Host, u.Scheme == "https", nil
}

func encryption(text string) (encrypt.ServerSide, error) {
	switch kind, key, _ := strings.Cut(text, "kms:"); {
	case text == "":
		return nil, nil
	case text == "AES256":
		return encrypt.NewSSE(), nil
	case text == "aws:kms":
		return encrypt.NewSSEKMS("", nil)
	case kind == "aws:" && key != "":
		return encrypt.NewSSEKMS(key, nil)
	}
	return nil, fmt.Errorf("S3 encryption %q: want AES256, aws:kms or aws:kms:KEY", text)
}

// Base is s3://BUCKET/PREFIX.
func (s *Store) Base() string { return s.base }

func (s *Store) key(namespace, name string) string {
	return s.prefix + "artifacts/namespaces/" + namespace + "/" + name
}

// List asks for the keys of the namespace's folder.
func (s *Store) List(ctx context.Context, namespace string, limit int) ([]artifact.Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing after the last that we want
	folder := s.key(namespace, "")
	var all []artifact.Info
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: folder, MaxKeys: min(limit, 1000)}) {
		if o.Err != nil {
			return nil, s.wrap("list artifacts", o.Err)
		}
		name := strings.TrimPrefix(o.Key, folder)
		if artifact.CheckName("", name) != nil { // a folder, or nothing of ours
			continue
		}
		all = append(all, s.info(namespace, name, o))
		if len(all) == limit {
			break
		}
	}
	return all, nil
}

func (s *Store) info(namespace, name string, o minio.ObjectInfo) artifact.Info {
	return artifact.Info{Filename: name, URI: artifact.URI(s, namespace, name), CreateTime: o.LastModified, Size: o.Size}
}

// Stat reads what is stored with the file. One that others put into the bucket
// has no checksum.
func (s *Store) Stat(ctx context.Context, namespace, name string) (artifact.Info, error) {
	o, err := s.client.StatObject(ctx, s.bucket, s.key(namespace, name), minio.StatObjectOptions{})
	if err != nil {
		return artifact.Info{}, s.failed("look at", namespace, name, err)
	}
	out := s.info(namespace, name, o)
	out.SHA256 = o.UserMetadata[checksum]
	return out, nil
}

// Put gathers the file on disk, then uploads it.
func (s *Store) Put(ctx context.Context, namespace, name string, r io.Reader) (_ artifact.Info, err error) {
	tmp, err := os.CreateTemp(s.dir, "weir-upload-*")
	if err != nil {
		return artifact.Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	defer func() { _ = errors.Join(tmp.Close(), os.Remove(tmp.Name())) }() // it has served
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(tmp, hash), r)
	if err != nil {
		return artifact.Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return artifact.Info{}, fmt.Errorf("store artifact %q: %w", name, err)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	_, err = s.client.PutObject(ctx, s.bucket, s.key(namespace, name), tmp, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize, NumThreads: 2,
		UserMetadata: map[string]string{checksum: sum}, ServerSideEncryption: s.encryption,
	})
	if err != nil {
		return artifact.Info{}, s.failed("store", namespace, name, err)
	}
	return s.Stat(ctx, namespace, name)
}

// Open reads the file from the bucket.
func (s *Store) Open(ctx context.Context, namespace, name string) (io.ReadCloser, error) {
	o, err := s.client.GetObject(ctx, s.bucket, s.key(namespace, name), minio.GetObjectOptions{})
	if err != nil {
		return nil, s.failed("open", namespace, name, err)
	}
	if _, err := o.Stat(); err != nil { // nothing was asked for until now
		_ = o.Close()
		return nil, s.failed("open", namespace, name, err)
	}
	return o, nil
}

// Delete removes the file. S3 does not say whether there was one, so it is
// asked before.
func (s *Store) Delete(ctx context.Context, namespace, name string) error {
	if _, err := s.Stat(ctx, namespace, name); err != nil {
		return err
	}
	if err := s.client.RemoveObject(ctx, s.bucket, s.key(namespace, name), minio.RemoveObjectOptions{}); err != nil {
		return s.failed("delete", namespace, name, err)
	}
	return nil
}

func (s *Store) failed(doing, namespace, name string, err error) error {
	if e := minio.ToErrorResponse(err); e.Code == "NoSuchKey" || e.StatusCode == http.StatusNotFound && e.Code != "NoSuchBucket" {
		return fmt.Errorf("artifact %q in namespace %q: %w", name, namespace, resource.ErrNotFound)
	}
	return s.wrap(fmt.Sprintf("%s artifact %q", doing, name), err)
}

func (s *Store) wrap(doing string, err error) error {
	if e := minio.ToErrorResponse(err); e.Code == "NoSuchBucket" {
		return fmt.Errorf("%s: the bucket %s does not exist: %w", doing, s.bucket, err)
	}
	return fmt.Errorf("%s in bucket %s: %w", doing, s.bucket, err)
}
