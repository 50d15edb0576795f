package storagetest

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// S3 is a little S3 service in this process: objects, ranges, listings and
// uploads in parts. It checks no signatures.
type S3 struct {
	*httptest.Server

	mu      sync.Mutex
	objects map[string][]byte // by BUCKET/KEY
	uploads map[string]map[int][]byte
	next    int
	fail    int // requests that shall be answered with 503
	hang    chan struct{}
}

// NewS3 starts a service with a bucket; Close ends it.
func NewS3() *S3 {
	s := &S3{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
	s.Server = httptest.NewServer(s)
	return s
}

// FailNext answers the next n writes with 503.
func (s *S3) FailNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = n
}

// Hang makes writes wait until the returned function is called.
func (s *S3) Hang() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.hang = c
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hang = nil
		close(c)
	})
}

// Keys lists all objects.
func (s *S3) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for k := range s.objects {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Change changes an object.
func (s *S3) Change(key string, f func(b []byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = f(bytes.Clone(s.objects[key]))
}

// Uploads is how many uploads in parts are neither complete nor aborted.
func (s *S3) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	bucket, object, _ := strings.Cut(key, "/")
	q := r.URL.Query()
	body, err := readBody(r)
	if err != nil {
		s.refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang != nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 && r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.fail--
		s.refuse(w, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	switch {
	case bucket == "missing":
		s.refuse(w, http.StatusNotFound, "NoSuchBucket")
	case object == "" && q.Has("location"):
		fmt.Fprint(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
	case object == "" && r.Method == http.MethodGet:
		s.list(w, bucket, q.Get("prefix"), q.Get("delimiter"))
	case r.Method == http.MethodPost && q.Has("uploads"):
		s.next++
		id := strconv.Itoa(s.next)
		s.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, bucket, object, id)
	case q.Has("uploadId"):
		s.part(w, r, key, q.Get("uploadId"), q.Get("partNumber"), body)
	case r.Method == http.MethodPut:
		s.objects[key] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		b, ok := s.objects[key]
		if !ok {
			s.refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", etag(b))
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(b))
	}
}

func (s *S3) part(w http.ResponseWriter, r *http.Request, key, id, number string, body []byte) {
	parts, ok := s.uploads[id]
	n, _ := strconv.Atoi(number)
	switch {
	case !ok:
		s.refuse(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		parts[n] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete:
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		var all []byte
		for i := 1; i <= len(parts); i++ {
			all = append(all, parts[i]...)
		}
		s.objects[key] = all
		delete(s.uploads, id)
		bucket, object, _ := strings.Cut(key, "/")
		fmt.Fprintf(w, `<CompleteMultipartUploadResult><Location>%s</Location><Bucket>%s</Bucket><Key>%s</Key><ETag>%s</ETag></CompleteMultipartUploadResult>`, r.URL, bucket, object, etag(all))
	}
}

func (s *S3) list(w http.ResponseWriter, bucket, prefix, delimiter string) {
	type content struct {
		Key          string
		Size         int
		LastModified string
		ETag         string
	}
	type common struct{ Prefix string }
	var out struct {
		XMLName        xml.Name `xml:"ListBucketResult"`
		Name           string
		IsTruncated    bool
		Contents       []content
		CommonPrefixes []common
	}
	out.Name = bucket
	seen := map[string]bool{}
	for k, b := range s.objects {
		k, ok := strings.CutPrefix(k, bucket+"/")
		if !ok || !strings.HasPrefix(k, prefix) {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			p := k[:len(prefix)+i+1]
			if !seen[p] {
				seen[p] = true
				out.CommonPrefixes = append(out.CommonPrefixes, common{p})
			}
			continue
		}
		out.Contents = append(out.Contents, content{k, len(b), "2026-01-01T00:00:00.000Z", etag(b)})
	}
	slices.SortFunc(out.Contents, func(a, b content) int { return strings.Compare(a.Key, b.Key) })
	text, err := xml.Marshal(out)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text) // the client may be gone
}

func (s *S3) refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>%s</Message></Error>`, code, code)
}

func etag(b []byte) string {
	sum := md5.Sum(b)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// readBody takes signed chunks apart.
func readBody(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	in := bufio.NewReader(r.Body)
	var out []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			_, err := io.Copy(io.Discard, in)
			return out, err
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, err
		}
		out = append(out, chunk[:n]...)
	}
}
