package storage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 is how an S3 service is reached.
type S3 struct {
	// Endpoint is the URL of the service; empty: AWS.
	Endpoint string
	Region   string // empty: us-east-1
	// PathStyle puts the bucket into the path of requests and not into the name
	// of the host, as most services but AWS want it.
	PathStyle bool
	// AccessKey and SecretKey; empty: the environment (AWS_ACCESS_KEY_ID …), the
	// file of the AWS tools, the role of the machine.
	AccessKey, SecretKey string
	// RequestTime is how long a request may take; 0: 5 min. RemoveTime is how long
	// a removal may; 0: 3 s.
	RequestTime, RemoveTime time.Duration
}

// partSize is what a large file is sent in; a file holds at most two of them in
// memory.
const partSize = 8 << 20

const (
	// requestTime is how long one request may take.
	requestTime = 5 * time.Minute
	// removeTime is how long a removal may take unless told: what stays is found by the
	// next start, and a job that ends does not wait for a service that does not answer.
	removeTime = 3 * time.Second
)

type bucket struct {
	client       *minio.Client
	name, prefix string // prefix with a slash at the end, or empty

	requestTime, removeTime time.Duration
}

func splitS3(place string) (bucket, prefix string, err error) {
	u, err := url.Parse(strings.TrimSpace(place))
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", "", fmt.Errorf("%q: want s3://BUCKET/PREFIX", place)
	}
	return u.Host, strings.Trim(u.Path, "/"), nil
}

func openS3(root string, c S3) (Store, error) {
	name, prefix, err := splitS3(root)
	if err != nil {
		return nil, err
	}
	if prefix != "" {
		prefix += "/"
	}
	host, secure := "s3.amazonaws.com", true
	if c.Endpoint != "" {
		text := c.Endpoint
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("S3 endpoint %q: want scheme and host, such as https://minio.example.com:9000", c.Endpoint)
		}
		host, secure = u.Host, u.Scheme == "https"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	creds := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
	if c.AccessKey != "" {
		creds = credentials.NewStaticV4(c.AccessKey, c.SecretKey, "")
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(host, &minio.Options{Creds: creds, Secure: secure, Region: c.Region, BucketLookup: lookup, MaxRetries: 5})
	if err != nil {
		return nil, fmt.Errorf("state at %s: %w", root, err)
	}
	return &bucket{
		client: client, name: name, prefix: prefix,
		requestTime: cmp.Or(c.RequestTime, requestTime), removeTime: cmp.Or(c.RemoveTime, removeTime),
	}, nil
}

func (b *bucket) URI(name string) string {
	return strings.TrimSuffix("s3://"+b.name+"/"+b.prefix+name, "/")
}

func (b *bucket) failed(doing, name string, err error) error {
	e := minio.ToErrorResponse(err)
	switch {
	case e.Code == "NoSuchBucket":
		return fmt.Errorf("%s %s: the bucket %s does not exist: %w", doing, b.URI(name), b.name, err)
	case e.Code == "NoSuchKey" || e.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", doing, b.URI(name), fs.ErrNotExist)
	}
	return fmt.Errorf("%s %s: %w", doing, b.URI(name), err)
}

// Create gathers the file in memory as long as it is small and sends it at
// Commit; a larger one goes in parts, which become visible with the last one.
func (b *bucket) Create(name string) (File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &bucketFile{b: b, name: name, ctx: ctx, cancel: cancel}, nil
}

type bucketFile struct {
	b      *bucket
	name   string
	ctx    context.Context // its life is the file's
	cancel context.CancelFunc

	mu    sync.Mutex
	small bytes.Buffer
	pipe  *io.PipeWriter // of a large file
	sent  chan error
	done  bool
}

func (f *bucketFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return 0, ErrAborted
	}
	if f.pipe == nil {
		if f.small.Len()+len(p) <= partSize {
			return f.small.Write(p)
		}
		r, w := io.Pipe()
		f.pipe, f.sent = w, make(chan error, 1)
		go func() {
			err := f.b.put(f.ctx, f.name, r, -1)
			r.CloseWithError(errors.Join(ErrAborted, err)) // a writer that waits gets it
			f.sent <- err
		}()
		if _, err := w.Write(f.small.Bytes()); err != nil {
			return 0, err
		}
		f.small = bytes.Buffer{}
	}
	return f.pipe.Write(p)
}

func (f *bucketFile) Sync() error { return nil }

func (f *bucketFile) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return ErrAborted
	}
	f.done = true
	defer f.cancel()
	if f.pipe == nil {
		ctx, cancel := context.WithTimeout(f.ctx, f.b.requestTime)
		defer cancel()
		return f.b.put(ctx, f.name, bytes.NewReader(f.small.Bytes()), int64(f.small.Len()))
	}
	if err := f.pipe.Close(); err != nil {
		return err
	}
	return <-f.sent
}

// Abort ends what is on its way before it takes the lock.
func (f *bucketFile) Abort() {
	f.cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return
	}
	f.done = true
	if f.pipe != nil {
		_ = f.pipe.CloseWithError(ErrAborted) // never fails
		<-f.sent
	}
}

func (b *bucket) put(ctx context.Context, name string, r io.Reader, size int64) error {
	_, err := b.client.PutObject(ctx, b.name, b.prefix+name, r, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize, NumThreads: 1, DisableMultipart: size >= 0,
	})
	if err != nil {
		return b.failed("write", name, err)
	}
	return nil
}

func (b *bucket) Open(name string) (Content, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.requestTime)
	defer cancel()
	info, err := b.client.StatObject(ctx, b.name, b.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return nil, b.failed("open", name, err)
	}
	return &bucketContent{b: b, name: name, size: info.Size, written: info.LastModified}, nil
}

type bucketContent struct {
	b       *bucket
	name    string
	size    int64
	written time.Time
}

func (c *bucketContent) Size() int64        { return c.size }
func (c *bucketContent) Written() time.Time { return c.written }
func (c *bucketContent) Close() error       { return nil }

// ReadAt asks for a range.
func (c *bucketContent) ReadAt(p []byte, off int64) (int, error) {
	if off >= c.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), c.size-off)]
	if len(want) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.b.requestTime)
	defer cancel()
	var o minio.GetObjectOptions
	if err := o.SetRange(off, off+int64(len(want))-1); err != nil {
		return 0, err
	}
	r, err := c.b.client.GetObject(ctx, c.b.name, c.b.prefix+c.name, o)
	if err != nil {
		return 0, c.b.failed("read", c.name, err)
	}
	n, err := io.ReadFull(r, want)
	err = errors.Join(err, r.Close())
	if err != nil {
		return n, c.b.failed("read", c.name, err)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (b *bucket) List(folder string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), b.requestTime)
	defer cancel()
	prefix := b.prefix
	if folder != "" {
		prefix += folder + "/"
	}
	var names []string
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: prefix}) {
		if o.Err != nil {
			return nil, b.failed("list", folder, o.Err)
		}
		if name := strings.TrimPrefix(o.Key, prefix); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (b *bucket) Remove(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.removeTime)
	defer cancel()
	if err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		if err = b.failed("remove", name, err); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// RemoveFolder removes what bears the name before a slash. A bucket has no
// folders, so that an empty root is nothing to remove.
func (b *bucket) RemoveFolder(name string) error {
	if name == "" {
		return nil
	}
	if err := checkName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.removeTime)
	defer cancel()
	prefix := b.prefix + name + "/"
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return b.failed("list", name, o.Err)
		}
		if err := b.client.RemoveObject(ctx, b.name, o.Key, minio.RemoveObjectOptions{}); err != nil {
			return b.failed("remove", strings.TrimPrefix(o.Key, b.prefix), err)
		}
	}
	// Some services keep the folder itself.
	_ = b.client.RemoveObject(ctx, b.name, prefix, minio.RemoveObjectOptions{})
	return nil
}

// S3FromEnvironment takes what the tools of AWS take from the environment. The
// path style goes with an endpoint of one's own.
func S3FromEnvironment() S3 {
	c := S3{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3"), Region: os.Getenv("AWS_REGION")}
	if c.Endpoint == "" {
		c.Endpoint = os.Getenv("AWS_ENDPOINT_URL")
	}
	c.PathStyle = c.Endpoint != ""
	return c
}
