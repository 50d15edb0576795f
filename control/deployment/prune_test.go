package deployment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestOldJobsAreForgotten(t *testing.T) {
	var input strings.Builder
	fmt.Fprintln(&input, "deployment RUNNING is=RUNNING running=z")
	for _, j := range []string{
		"job a TERMINATED ran=900 made=901",
		"job b TERMINATED ran=800 made=801", // a savepoint was taken of it
		"job c FAILED made=701",
		"job d TERMINATED ran=600 made=601 startedfrom=r from=/r", // a savepoint that is still there began it
		"job e TERMINATED ran=500 made=501",
		"job f TERMINATING ran=400 made=401",
		"job y FAILED made=301",
	} {
		fmt.Fprintln(&input, j)
	}
	input.WriteString("savepoint s COMPLETED of=b made=750 done=750\nsavepoint r COMPLETED reset origin=COPIED made=650\n")
	for _, tt := range []struct {
		last string
		keep int
		want []string
	}{
		{"job z STARTED ran=90 made=91", 2, nil}, // two are active: a transition
		{"", 0, nil},
		{"", 7, nil},
		{"", 6, []string{"a"}},
		{"", 2, []string{"a", "c", "e"}},
		{"", 1, []string{"a", "c", "e"}},
	} {
		text := input.String()
		if tt.last == "" {
			text = strings.Replace(text, "TERMINATING", "STARTED", 1)
		} else {
			text += tt.last
		}
		seen := parse(t, text)
		seen.config.JobHistory = tt.keep
		var got []string
		for _, j := range decide(noon, seen).forget {
			got = append(got, j.Metadata.ID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("keep %d, %q: forgets %v, want %v", tt.keep, tt.last, got, tt.want)
		}
	}
}
