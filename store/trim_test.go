package store

import (
	"fmt"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func TestTrimEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, url)
		for i := range 30 {
			e := resource.Event{Metadata: resource.Metadata{Namespace: "default", Name: "A", DeploymentID: fmt.Sprint("d", i%2)}, Spec: resource.EventSpec{Message: fmt.Sprint(i)}}
			if _, err := db.Events().Create(t.Context(), "weir", e); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct{ keep, removed, left int }{{20, 0, 15}, {15, 0, 15}, {10, 5, 10}, {-1, 0, 10}, {0, 10, 0}, {0, 0, 0}} {
			n, err := db.TrimEvents(t.Context(), "d0", tt.keep)
			if err != nil || n != tt.removed {
				t.Errorf("keep %d: %d removed, %v, want %d", tt.keep, n, err, tt.removed)
			}
			left, err := db.Events().List(t.Context(), resource.Filter{DeploymentID: "d0"})
			if err != nil || len(left) != tt.left || len(left) > 0 && left[len(left)-1].Spec.Message != "28" {
				t.Errorf("keep %d: %d left, %v, want %d, the newest ones", tt.keep, len(left), err, tt.left)
			}
		}
		other, err := db.Events().List(t.Context(), resource.Filter{DeploymentID: "d1"})
		if err != nil || len(other) != 15 {
			t.Errorf("of another deployment %d are left, %v", len(other), err)
		}
	})
}
