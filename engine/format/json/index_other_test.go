//go:build !amd64

package json

func indexWays() map[string]func([]byte, *index) bool { return map[string]func([]byte, *index) bool{} }
