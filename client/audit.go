package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/weir-streams/weir/resource"
)

// Audit reads the audit log, oldest first, calling fn for each entry that the
// filter selects until it returns an error. It reads window after window, so
// a long log needs little memory.
func (c *Client) Audit(ctx context.Context, f resource.AuditFilter, fn func(resource.AuditEntry) error) error {
	q := url.Values{}
	for name, value := range map[string]string{"namespace": f.Namespace, "kind": string(f.Kind), "name": f.Name, "actor": f.Actor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, at := range map[string]resource.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format("2006-01-02T15:04:05.999999Z"))
		}
	}
	for after, left := f.After, f.Limit; ; {
		if after > 0 {
			q.Set("after", strconv.FormatInt(after, 10))
		}
		if left > 0 {
			q.Set("limit", strconv.Itoa(left))
		}
		var window struct {
			Metadata struct {
				Next string `json:"next"`
			} `json:"metadata"`
			Items []resource.AuditEntry `json:"items"`
		}
		if err := c.do(ctx, http.MethodGet, "/api/v1/logs/", q, nil, &window); err != nil {
			return err
		}
		for _, e := range window.Items {
			if err := fn(e); err != nil {
				return err
			}
		}
		next, err := strconv.ParseInt(window.Metadata.Next, 10, 64)
		if err != nil || next <= after {
			return nil
		}
		if f.Limit > 0 {
			if left -= len(window.Items); left <= 0 {
				return nil
			}
		}
		after = next
	}
}
