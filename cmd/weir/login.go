package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/client"
)

func loginCommand(s *session) *cobra.Command {
	var name, file string
	c := &cobra.Command{
		Use:   "login [URL]",
		Short: "Make a server's context the current one, with a token if it asks for one",
		Long: "Check that a server answers, ask for a token if it wants one, and keep both as a context, which becomes the current one. The token is read\n" +
			"from the terminal without being shown, from a file, or from standard input; it never stands on a command line. It is an API token (weir token\n" +
			"create makes one), or where people sign in with OpenID Connect also a token of the provider.",
		Example: example("weir login https://weir.example.com\nweir login https://weir.example.com --token-file token.txt\npass show weir | weir login https://weir.example.com"),
		Args:    cobra.MaximumNArgs(1),
	}
	c.Flags().StringVar(&name, "name", "", "name of the context (default: the host of the URL)")
	c.Flags().StringVar(&file, "token-file", "", "file with the token, or - for standard input")
	c.Flags().StringVarP(&s.namespace, "namespace", "n", "", "namespace to work in")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			s.server = args[0]
		}
		conn, err := s.connection()
		if err != nil {
			return err
		}
		api, err := client.New(client.Options{Server: conn.Server})
		if err != nil {
			return &usageError{err.Error()}
		}
		token := ""
		err = api.Check(c.Context())
		switch {
		case client.IsUnauthorized(err):
			if token, err = s.readToken(c.Context(), file, api.Server()); err != nil {
				return err
			}
			if err := s.checkToken(c.Context(), api.Server(), token); err != nil {
				return err
			}
		case err != nil:
			return err
		case file != "":
			if token, err = s.readToken(c.Context(), file, api.Server()); err != nil {
				return err
			}
		}
		all, err := s.readContexts()
		if err != nil {
			return err
		}
		if name == "" {
			if u, err := url.Parse(api.Server()); err == nil {
				name = u.Host
			}
		}
		t := all.Contexts[name]
		if t == nil {
			t = &target{}
			all.Contexts[name] = t
		}
		t.Server, t.Token = api.Server(), token
		if s.namespace != "" {
			t.Namespace = s.namespace
		}
		all.Current = name
		if err := s.writeContexts(all); err != nil {
			return err
		}
		how := "with a token"
		if token == "" {
			how = "which asks nobody who they are"
		}
		fmt.Fprintf(s.out, "context %s is current: %s, %s, namespace %s\n", name, t.Server, how, firstOf(t.Namespace, "default"))
		return nil
	}
	return c
}

func (s *session) checkToken(ctx context.Context, server, token string) error {
	api, err := client.New(client.Options{Server: server, Token: token})
	if err != nil {
		return err
	}
	if err := api.Check(ctx); err != nil {
		if client.IsUnauthorized(err) {
			return fmt.Errorf("%s does not take this token: %w", server, err)
		}
		return err
	}
	return nil
}

// readToken reads a token from a file, from what is piped in, or from the
// keyboard without showing it.
func (s *session) readToken(ctx context.Context, file, server string) (string, error) {
	var text []byte
	var err error
	in, keyboard := s.in.(*os.File)
	keyboard = keyboard && isTerminal(in)
	switch {
	case file != "" && file != "-":
		text, err = readFile(file)
	case file == "" && keyboard:
		fmt.Fprintf(s.err, "Token for %s: ", server)
		text, err = readHidden(ctx, in)
		fmt.Fprintln(s.err)
	default:
		text, err = s.readPiped()
	}
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", usagef("a token is one word; weir token create makes one (--token-file FILE, or standard input)")
	}
	return token, nil
}

// readHidden reads a line while the terminal shows nothing of it. An
// interrupt ends it; what still waits for the keyboard ends with the process.
func readHidden(ctx context.Context, f *os.File) ([]byte, error) {
	fd := int(f.Fd())
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	quiet := *state
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, err
	}
	defer func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, state) }()
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(f).ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) > 0 {
			err = nil
		}
		read <- answer{line, err}
	}()
	select {
	case a := <-read:
		return a.line, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
