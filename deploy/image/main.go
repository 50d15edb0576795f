// Command image makes the container image of weir from the static binary,
// without a daemon and without a base image: the binary, certificates, a user,
// and nothing else. The same inputs make the same bytes.
//
//	go run ./deploy/image -binary bin/weir -version v1.2.3 -o build/weir-image.tar
//
// The archive is an OCI layout and has Docker's manifest as well:
//
//	ctr --namespace k8s.io images import build/weir-image.tar
//	docker load --input build/weir-image.tar
//	skopeo copy oci-archive:build/weir-image.tar docker://registry.example.com/weir:v1.2.3
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/weir", "the program, static, for Linux")
	name := flag.String("name", "weir", "name of the image, without tag")
	version := flag.String("version", "dev", "version of weir; the tag")
	revision := flag.String("revision", "", "commit that it was built from")
	created := flag.String("created", "", "time of the commit, RFC 3339 (default: 1970)")
	arch := flag.String("arch", runtime.GOARCH, "architecture of the program")
	out := flag.String("o", "build/weir-image.tar", "archive to write")
	flag.Parse()
	at := made
	var err error
	if *created != "" && *created != "unknown" {
		at, err = time.Parse(time.RFC3339, *created)
	}
	if err == nil {
		err = run(*binary, *name+":"+tag(*version), *out, settings{version: *version, revision: *revision, arch: *arch, created: at.UTC()})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(binary, name, out string, s settings) (err error) {
	program, err := check(binary)
	if err != nil {
		return err
	}
	image, err := build(program, s)
	if err != nil {
		return err
	}
	f, err := os.Create(out + ".part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(archive(f, image, name), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), out); err != nil {
		return err
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	fmt.Printf("%s %s: %s, %.1f MB\n", name, digest, out, float64(info.Size())/1e6)
	return nil
}

// notInTags is what a version may have and a tag may not, such as the plus of
// build metadata.
var notInTags = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

func tag(version string) string { return notInTags.ReplaceAllString(version, "_") }
