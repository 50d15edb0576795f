package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

func auditCommand(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:     "audit",
		Short:   "Read the audit log, and prove that nobody altered it",
		Example: example("weir audit list --since 24h\nweir audit verify"),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(auditListCommand(s), auditVerifyCommand(s))
	return c
}

// span is a part of the past, as flags say it.
type span struct{ since, until string }

func (p *span) add(c *cobra.Command) {
	c.Flags().StringVar(&p.since, "since", "", "from then on: a duration back such as 24h, a date, or a time such as 2026-01-31T12:00:00Z")
	c.Flags().StringVar(&p.until, "until", "", "up to then, in the same forms")
}

func (p span) times(now time.Time) (from, to time.Time, err error) {
	if from, err = moment("since", p.since, now); err == nil {
		to, err = moment("until", p.until, now)
	}
	return from, to, err
}

// moment reads a time: a duration back, a date, or an instant.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--%s %q: want a duration such as 90m or 7d, a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z", flag, text)
}

func auditListCommand(s *session) *cobra.Command {
	var f resource.AuditFilter
	var when span
	var kindWord, output string
	c := &cobra.Command{
		Use:   "list",
		Short: "List who changed what, oldest first",
		Long:  "List who asked for which change and what came of it, refused ones too, oldest first. -n narrows it to a namespace; -o json gives one entry a line.",
		Example: example(`weir audit list --since 24h
weir audit list --kind deployment --name orders -o json
weir audit list --actor user:ann --since 2026-01-31`),
		Args: cobra.NoArgs,
	}
	when.add(c)
	c.Flags().StringVar(&kindWord, "kind", "", "only of that kind of resource")
	c.Flags().StringVar(&f.Name, "name", "", "only about the resource of that name or id")
	c.Flags().StringVar(&f.Actor, "actor", "", "only by that one, such as user:ann")
	c.Flags().IntVar(&f.Limit, "limit", 0, "only that many of the oldest (0: all)")
	c.Flags().StringVarP(&output, "output", "o", "table", "table, wide or json")
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		if output != "table" && output != "wide" && output != "json" {
			return usagef("output %q is not known; it can be table, wide or json", output)
		}
		from, to, err := when.times(time.Now())
		if err != nil {
			return err
		}
		f.From, f.To = resource.Time{Time: from}, resource.Time{Time: to}
		if kindWord != "" {
			k, err := findKind(kindWord)
			if err != nil {
				return err
			}
			f.Kind = k.kind
		}
		f.Namespace = s.namespace // only if the command line says so
		return s.listAudit(ctx, api, f, output)
	})
}

func (s *session) listAudit(ctx context.Context, api *client.Client, f resource.AuditFilter, output string) error {
	const page = 500 // lines whose columns stand below each other
	var t *table
	shown := 0
	flush := func() error {
		if t == nil || len(t.rows) == 0 {
			return nil
		}
		t.headless = shown > len(t.rows)
		err := t.write(s.out, nil)
		t = nil
		return err
	}
	err := api.Audit(ctx, f, func(e resource.AuditEntry) error {
		shown++
		if output == "json" {
			return s.jsonLine(e)
		}
		if t == nil {
			t = &table{head: []string{"NUMBER", "TIME", "ACTOR", "ACTION", "KIND", "NAMESPACE", "NAME", "STATUS", "WHAT"}, right: []bool{true, false, false, false, false, false, false, true, false}, full: output == "wide"}
		}
		status := ""
		if e.Status > 0 {
			status = strconv.Itoa(e.Status)
		}
		t.add(strconv.FormatInt(e.Sequence, 10), instant(e.At), e.Actor, e.Action, string(e.Kind), e.Namespace, firstOf(e.Name, e.ID), status, whatChanged(e, output == "wide"))
		if len(t.rows) == page {
			return flush()
		}
		return nil
	})
	if err = errors.Join(err, flush()); err == nil && shown == 0 && output != "json" {
		fmt.Fprintln(s.err, "No entries.")
	}
	return err
}

func whatChanged(e resource.AuditEntry, all bool) string {
	const few = 2
	var parts []string
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	for i, c := range e.Changes {
		if i == few && !all {
			parts = append(parts, fmt.Sprintf("and %d more", len(e.Changes)-few))
			break
		}
		parts = append(parts, fieldChange{strings.TrimPrefix(c.Field, "spec."), c.Old, c.New}.String())
	}
	return strings.Join(parts, ", ")
}

func auditVerifyCommand(s *session) *cobra.Command {
	var known, output string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that no entry of the audit log was altered or taken away",
		Long: "Read the whole audit log and check, here and not on the server, that each entry is as it was written and follows the one before. It prints the\n" +
			"newest number and hash; kept elsewhere and given as --known later, they prove that nothing up to there was rewritten. Exit code 1 if the log\n" +
			"is broken.",
		Example: example("weir audit verify\nweir audit verify --known 1042:9f86d081884c7d65…"),
		Args:    cobra.NoArgs,
	}
	c.Flags().StringVar(&known, "known", "", "NUMBER:HASH of an entry, as verify printed it earlier")
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return s.verb(c, func(ctx context.Context, api *client.Client, _ []string) error {
		if output != "text" && output != "json" {
			return usagef("output %q is not known; it can be text or json", output)
		}
		check, err := verifyAudit(ctx, api, known)
		if err != nil {
			return err
		}
		if output == "json" {
			if err := printJSON(s.out, check); err != nil {
				return err
			}
		}
		switch {
		case check.Broken > 0 || check.Reason != "":
			return fmt.Errorf("the audit log is not as it was written: %s", check.Reason)
		case output == "json":
		case check.Entries == 0:
			fmt.Fprintln(s.out, "the audit log is empty")
		default:
			fmt.Fprintf(s.out, "%d entries in order, %d to %d\nnewest %d:%s\n", check.Entries, check.First, check.Last, check.Last, check.Hash)
		}
		return nil
	})
}

// errBroken ends the reading of a log whose first fault was found.
var errBroken = errors.New("broken")

// verifyAudit follows the chain of hashes from the oldest entry kept.
func verifyAudit(ctx context.Context, api *client.Client, known string) (resource.AuditCheck, error) {
	var check resource.AuditCheck
	var knownAt int64
	knownText, knownHash, ok := strings.Cut(known, ":")
	if known != "" {
		var err error
		if knownAt, err = strconv.ParseInt(knownText, 10, 64); err != nil || !ok || len(knownHash) < 8 {
			return check, usagef("--known %q: want NUMBER:HASH, as verify printed it", known)
		}
	}
	metKnown := false
	broken := func(at int64, format string, args ...any) error {
		check.Broken, check.Reason = at, fmt.Sprintf(format, args...)
		return errBroken
	}
	err := api.Audit(ctx, resource.AuditFilter{}, func(e resource.AuditEntry) error {
		text, err := e.Unhashed()
		if err != nil {
			return err
		}
		switch {
		case resource.AuditHash(text) != e.Hash:
			return broken(e.Sequence, "entry %d is not what its hash says", e.Sequence)
		case check.Entries == 0 && e.Sequence == 1 && e.PreviousHash != resource.FirstHash:
			return broken(e.Sequence, "entry 1 follows another one")
		case check.Entries > 0 && e.Sequence != check.Last+1:
			return broken(check.Last+1, "entry %d is missing; %d comes after %d", check.Last+1, e.Sequence, check.Last)
		case check.Entries > 0 && e.PreviousHash != check.Hash:
			return broken(e.Sequence, "entry %d does not follow entry %d", e.Sequence, check.Last)
		case e.Sequence == knownAt && !strings.HasPrefix(e.Hash, strings.TrimSuffix(knownHash, "…")):
			return broken(e.Sequence, "entry %d has the hash %s, not the known %s", e.Sequence, e.Hash, knownHash)
		}
		if check.Entries == 0 {
			check.First = e.Sequence
		}
		metKnown = metKnown || e.Sequence == knownAt
		check.Entries, check.Last, check.Hash = check.Entries+1, e.Sequence, e.Hash
		return nil
	})
	if errors.Is(err, errBroken) {
		return check, nil
	}
	if err == nil && known != "" && !metKnown {
		switch {
		case knownAt > check.Last:
			check.Broken, check.Reason = check.Last+1, fmt.Sprintf("entries up to %d are known, but the newest is %d", knownAt, check.Last)
		default:
			return check, fmt.Errorf("entry %d is no longer kept; the oldest is %d", knownAt, check.First)
		}
	}
	return check, err
}
