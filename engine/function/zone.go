package function

import "time"

// Zone is a time zone with its name as the user wrote it.
type Zone struct {
	Name     string
	Location *time.Location
}
