package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/weir-streams/weir/client"
)

// contexts is the file of the servers that a person works with. It holds
// tokens, so only its owner may read it.
type contexts struct {
	Current  string             `yaml:"current,omitempty"`
	Contexts map[string]*target `yaml:"contexts"`
}

// target is one server, as whom to speak to it, and where in it to work.
type target struct {
	Server    string `yaml:"server"`
	Namespace string `yaml:"namespace,omitempty"`
	Token     string `yaml:"token,omitempty"`
}

// contextsFile is the path of the file; "" in an account without a home.
func (s *session) contextsFile() string {
	if dir := s.getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "weir", "contexts.yaml")
	}
	if home := s.getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "weir", "contexts.yaml")
	}
	return ""
}

func (s *session) readContexts() (contexts, error) {
	all := contexts{Contexts: map[string]*target{}}
	path := s.contextsFile()
	if path == "" {
		return all, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("read contexts: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&all); err != nil {
		return all, fmt.Errorf("read contexts: %s: %w", path, err)
	}
	if all.Contexts == nil {
		all.Contexts = map[string]*target{}
	}
	for name, t := range all.Contexts {
		if t == nil || t.Server == "" {
			return all, fmt.Errorf("read contexts: %s: context %q has no server; weir context set %s --server URL mends it", path, name, name)
		}
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.noticef("%s holds tokens and others can read it; chmod 600 it", path)
	}
	return all, nil
}

// writeContexts replaces the file as a whole, readable by its owner only.
func (s *session) writeContexts(all contexts) error {
	path := s.contextsFile()
	if path == "" {
		return errors.New("write contexts: neither XDG_CONFIG_HOME nor HOME says where")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write contexts: %w", err)
	}
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(all), enc.Close()); err != nil {
		return fmt.Errorf("write contexts: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".contexts-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write contexts: %w", err)
	}
	_, err = temp.Write(text.Bytes())
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write contexts: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}

func (c contexts) names() []string { return slices.Sorted(maps.Keys(c.Contexts)) }

func (c contexts) find(name string) (target, error) {
	if t := c.Contexts[name]; t != nil {
		return *t, nil
	}
	hint := near(name, c.names())
	if hint == "" {
		hint = "; weir context list shows what there is"
	}
	return target{}, &exitError{client.ExitNotFound, fmt.Errorf("there is no context %q%s", name, hint)}
}

// connection is the server a command line speaks to; why says what chose it.
type connection struct {
	target
	why string
}

// connection finds the server: flags are stronger than the environment, that
// than the current context. The token of a context goes to its own server only.
func (s *session) connection() (connection, error) {
	if s.resolved != nil {
		return *s.resolved, nil
	}
	all, err := s.readContexts()
	if err != nil {
		return connection{}, err
	}
	var chosen target
	c := connection{target{Server: client.DefaultServer}, "default"}
	for _, from := range []struct{ name, why string }{
		{s.context, "--context"}, {s.getenv("WEIR_CONTEXT"), "WEIR_CONTEXT"}, {all.Current, "current context"},
	} {
		if from.name == "" {
			continue
		}
		if chosen, err = all.find(from.name); err != nil {
			return c, err
		}
		c = connection{chosen, from.why + " " + from.name}
		break
	}
	for _, from := range []struct{ server, why string }{{s.server, "--server"}, {s.getenv("WEIR_SERVER"), "WEIR_SERVER"}} {
		if from.server == "" || from.why == "WEIR_SERVER" && s.context != "" {
			continue
		}
		if !sameServer(from.server, chosen.Server) {
			c.target = target{}
		}
		c.Server, c.why = from.server, from.why
		break
	}
	if token := s.getenv("WEIR_TOKEN"); token != "" {
		c.Token = token
	}
	c.Namespace = firstOf(s.namespace, s.getenv("WEIR_NAMESPACE"), c.Namespace, "default")
	s.resolved = &c
	return c, nil
}

func sameServer(a, b string) bool {
	one, err := client.New(client.Options{Server: a})
	two, err2 := client.New(client.Options{Server: b})
	return err == nil && err2 == nil && b != "" && one.Server() == two.Server()
}
