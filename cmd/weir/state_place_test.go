package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/engine/storage/storagetest"
)

func TestStateInBuckets(t *testing.T) {
	service := storagetest.NewS3()
	t.Cleanup(service.Close)
	config := storage.Config{S3: storage.S3{Endpoint: service.URL, PathStyle: true, AccessKey: "a", SecretKey: "b"}}
	state := stateStorage{config}
	put := func(name, text string) {
		t.Helper()
		s, err := storage.Open("s3://bucket", config)
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	const flinkState = "\x49\x60\x67\x2d\x00\x00"
	put("p/jobs/j1/f1/chk-9/_metadata", flinkState)
	put("p/jobs/j1/f1/chk-10/_metadata", flinkState)
	put("p/jobs/j1/f1/chk-11/part", "never completed")
	put("p/jobs/j1/f1/shared/7-x", "shared")
	put("p/jobs/j2/f2/chk-12/_metadata", flinkState)
	put("p/sp/savepoint-1/_metadata", flinkState)
	put("p/sp/savepoint-1/data", "x")
	put("savepoint-2/_metadata", "nonsense")

	for _, scheme := range []string{"s3", "s3a"} { // Flink answers with what it was told
		newest, err := state.NewestCheckpoint(t.Context(), scheme+"://bucket/p/jobs/j1")
		if err != nil || newest.ID != 10 || newest.Location != scheme+"://bucket/p/jobs/j1/f1/chk-10" || newest.CompletedAt.IsZero() {
			t.Errorf("%+v, %v", newest, err)
		}
	}
	if none, err := state.NewestCheckpoint(t.Context(), "s3://bucket/nothing/there"); err != nil || none.Location != "" {
		t.Errorf("%+v, %v", none, err)
	}
	if _, err := state.NewestCheckpoint(t.Context(), "s3://missing/x"); err == nil {
		t.Error("a bucket that is not there was taken for an empty one")
	}
	for dir, want := range map[string]string{
		"s3://bucket/p/sp": "s3://bucket/p/sp/savepoint-1", "s3://bucket/p/sp/savepoint-1": "s3://bucket/p/sp/savepoint-1",
		"s3://bucket/p/sp/savepoint-1/_metadata": "s3://bucket/p/sp/savepoint-1",
	} {
		if got, err := state.Savepoint(t.Context(), dir); err != nil || got != want {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
	for at, want := range map[string]string{
		"s3://bucket/p/sp/savepoint-1": "", "s3://bucket/savepoint-2": "it cannot be read", "s3://bucket/p/sp/none": "there is no savepoint at",
		"gs://bucket/elsewhere": "",
	} {
		err := state.Readable(t.Context(), at)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", at, err, want)
		}
	}

	for _, wrong := range []string{"s3://bucket", "s3://bucket/", "s3://bucket/p", "gs://bucket/p/sp"} {
		if err := state.Remove(t.Context(), wrong); err == nil {
			t.Errorf("%s was removed", wrong)
		}
	}
	for range 2 {
		for _, dir := range []string{"s3://bucket/p/sp/savepoint-1", "s3://bucket/p/jobs/j1"} {
			if err := state.Remove(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := fmt.Sprint(service.Keys()); got != "[bucket/p/jobs/j2/f2/chk-12/_metadata bucket/savepoint-2/_metadata]" {
		t.Errorf("left: %s", got)
	}
}
