package main

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
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/engine/storage"
)

// fetch is one file to bring to this machine.
type fetch struct {
	url, sum, to, token string
	log                 io.Writer
}

// fetchPatience is how long is waited after the first failure, and at most.
const (
	fetchPatience    = 500 * time.Millisecond
	fetchMaxPatience = 10 * time.Second
)

func fetchCommand(s *session) *cobra.Command {
	f := fetch{}
	var limit time.Duration
	c := &cobra.Command{
		Use:   "fetch",
		Short: "Bring a file to this machine, as pods do with programs of jobs",
		Long: "Bring a file to this machine, as pods do with programs of jobs. The file is there whole, with the right checksum, or not at all. A server that\n" +
			"does not answer is asked again until the time is over. WEIR_FETCH_TOKEN is sent as bearer token; buckets are reached as the AWS_… variables say.",
		Example: example(`weir fetch --url https://repo.example.com/orders.jar --to /tmp/orders.jar
weir fetch --url s3://files/orders.jar --sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --to /tmp/orders.jar`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), limit)
			defer cancel()
			f.token, f.log = s.getenv("WEIR_FETCH_TOKEN"), s.err
			return f.run(ctx)
		},
	}
	c.Flags().StringVar(&f.url, "url", "", "where it is: https://, http:// or s3://")
	c.Flags().StringVar(&f.sum, "sha256", "", "checksum that it must have, 64 hexadecimal digits")
	c.Flags().StringVar(&f.to, "to", "", "file to write; folders on the way are made")
	c.Flags().DurationVar(&limit, "timeout", 5*time.Minute, "when to give up")
	_, _ = c.MarkFlagRequired("url"), c.MarkFlagRequired("to") // the flags are there
	return c
}

// errNoUse is the cause of what would fail again.
var errNoUse = errors.New("asking again is of no use")

func (f fetch) run(ctx context.Context) error {
	f.sum = strings.ToLower(strings.TrimSpace(f.sum))
	if f.sum != "" {
		if sum, err := sumOfFile(f.to); err == nil && sum == f.sum {
			return nil // brought by an earlier attempt
		}
	}
	if err := os.MkdirAll(filepath.Dir(f.to), 0o755); err != nil {
		return err
	}
	pause := fetchPatience
	for {
		err := f.once(ctx)
		if err == nil || errors.Is(err, errNoUse) {
			return err
		}
		fmt.Fprintf(f.log, "weir: %v; again in %s\n", err, pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, fetchMaxPatience)
	}
}

func (f fetch) once(ctx context.Context) (err error) {
	from, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // only read
	out, err := os.Create(f.to + ".part")
	if err != nil {
		return fmt.Errorf("fetch %s: %w: %w", f.url, err, errNoUse)
	}
	defer func() {
		if err != nil {
			_ = errors.Join(out.Close(), os.Remove(out.Name()))
		}
	}()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, hash), from); err != nil {
		return fmt.Errorf("fetch %s: %w", f.url, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); f.sum != "" && got != f.sum {
		return fmt.Errorf("fetch %s: it has the checksum %s, not %s", f.url, got, f.sum)
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("fetch %s: %w", f.url, err)
	}
	return os.Rename(out.Name(), f.to)
}

func (f fetch) open(ctx context.Context) (io.ReadCloser, error) {
	if storage.IsS3(f.url) {
		return openObject(f.url)
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("fetch %s: want http://, https:// or s3://", f.url)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w: %w", f.url, err, errNoUse)
	}
	if f.token != "" {
		r.Header.Set("Authorization", "Bearer "+f.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 500)) // as much of the reason as comes
	_ = answer.Body.Close()
	err = fmt.Errorf("fetch %s: %s: %s", f.url, answer.Status, strings.TrimSpace(string(text)))
	switch {
	case answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusRequestTimeout:
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", err, errNoUse)
}

func openObject(place string) (io.ReadCloser, error) {
	place, err := storage.Clean(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errNoUse)
	}
	root, name := storage.Parent(place)
	if name == "" {
		return nil, usagef("fetch %s: want s3://BUCKET/FILE", place)
	}
	store, err := storage.Open(root, storage.Config{S3: storage.S3FromEnvironment()})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errNoUse)
	}
	c, err := store.Open(name)
	if err != nil {
		return nil, err
	}
	return object{io.NewSectionReader(c, 0, c.Size()), c}, nil
}

type object struct {
	io.Reader
	io.Closer
}

func sumOfFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
