package rest

import (
	"errors"
	"net/http"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/audit"
	"github.com/weir-streams/weir/server/wire"
)

// A secret's value comes in and never goes out: everything here answers with
// Hidden, and no error names a value.

func (a *API) findSecret(r *http.Request) (resource.SecretValue, error) {
	return find(r.Context(), a.Resources.Secrets, r.PathValue("namespace"), r.PathValue("name"))
}

func (a *API) listSecrets(w http.ResponseWriter, r *http.Request) error {
	items, err := selectAll(a, r, a.Resources.Secrets)
	if err != nil {
		return err
	}
	for i, s := range items {
		items[i] = s.Hidden()
	}
	wire.Write(w, r, http.StatusOK, listOf(resource.KindSecretValue, items))
	return nil
}

func (a *API) getSecret(w http.ResponseWriter, r *http.Request) error {
	s, err := a.findSecret(r)
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, s.Hidden())
}

func (a *API) createSecret(w http.ResponseWriter, r *http.Request) error {
	s, err := decoded(w, r, resource.DecodeSecretValue)
	if err != nil {
		return err
	}
	return a.storeNewSecret(w, r, s)
}

func (a *API) storeNewSecret(w http.ResponseWriter, r *http.Request, s resource.SecretValue) error {
	a.refs.RLock()
	defer a.refs.RUnlock()
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	if err := sameNamespace(&s.Metadata, namespace); err != nil {
		return err
	}
	s.Metadata = resource.Metadata{
		Name: s.Metadata.Name, Namespace: namespace, DisplayName: s.Metadata.DisplayName,
		Labels: s.Metadata.Labels, Annotations: s.Metadata.Annotations,
	}
	if s.Spec.Kind == "" {
		s.Spec.Kind = resource.SecretPlain
	}
	if err := s.Validate(); err != nil {
		return err
	}
	if s, err = a.Resources.Secrets.Create(r.Context(), a.author(r), s); err != nil {
		return err
	}
	noteSecret(r, nil, s)
	return answer(w, r, http.StatusCreated, s.Hidden())
}

// putSecret creates or replaces a secret. Without a value in the body the
// stored one stays: what is read from us and sent back has none.
func (a *API) putSecret(w http.ResponseWriter, r *http.Request) error {
	written, err := decoded(w, r, resource.DecodeSecretValue)
	if err != nil {
		return err
	}
	old, err := a.findSecret(r)
	if errors.Is(err, resource.ErrNotFound) {
		if err := nameFromPath(&written.Metadata, r); err != nil {
			return err
		}
		return a.storeNewSecret(w, r, written)
	}
	if err != nil {
		return err
	}
	if n := written.Metadata.Name; n != "" && n != old.Metadata.Name {
		return resource.Invalidf("metadata.name", "is %q but the secret is called %q, which cannot be changed", n, old.Metadata.Name)
	}
	if err := sameNamespace(&written.Metadata, old.Metadata.Namespace); err != nil {
		return err
	}
	return a.changeSecret(w, r, old.Metadata.ID, func(old resource.SecretValue) (resource.SecretValue, error) {
		changed := written
		resource.Protect(old, &changed)
		return changed, nil
	})
}

func (a *API) patchSecret(w http.ResponseWriter, r *http.Request) error {
	patch, err := body(w, r)
	if err != nil {
		return err
	}
	old, err := a.findSecret(r)
	if err != nil {
		return err
	}
	return a.changeSecret(w, r, old.Metadata.ID, func(old resource.SecretValue) (resource.SecretValue, error) {
		return resource.MergePatch(old, patch)
	})
}

func (a *API) changeSecret(w http.ResponseWriter, r *http.Request, id string,
	change func(old resource.SecretValue) (resource.SecretValue, error),
) error {
	if _, err := a.namespace(r); err != nil {
		return err
	}
	var before resource.SecretValue
	s, err := a.Resources.Secrets.Update(r.Context(), a.author(r), id, func(s *resource.SecretValue) error {
		before = *s
		if err := checkVersion(r, &s.Metadata); err != nil {
			return err
		}
		changed, err := change(*s)
		if err != nil {
			return err
		}
		if changed.Spec.Value == "" {
			changed.Spec.Value = s.Spec.Value
		}
		if changed.Spec.Kind == "" {
			changed.Spec.Kind = s.Spec.Kind
		}
		*s = changed
		return s.Validate()
	})
	if err != nil {
		return err
	}
	noteSecret(r, &before, s)
	return answer(w, r, http.StatusOK, s.Hidden())
}

// noteSecret tells the audit log that a value changed, but not what it is.
func noteSecret(r *http.Request, before *resource.SecretValue, s resource.SecretValue) {
	var was any
	if before != nil {
		was = writtenOf(before.Metadata, before.Hidden().Spec)
	}
	note(r, was, writtenOf(s.Metadata, s.Hidden().Spec))
	if before == nil || before.Spec.Value != s.Spec.Value {
		audit.From(r.Context()).Changed([]resource.Change{{Field: "spec.value"}})
	}
}

// deleteSecret removes a secret. What refers to it says so at its next start:
// a reference is text in a spec, and may be meant for the environment.
func (a *API) deleteSecret(w http.ResponseWriter, r *http.Request) error {
	s, err := a.findSecret(r)
	if err != nil {
		return err
	}
	if err := checkVersion(r, &s.Metadata); err != nil {
		return err
	}
	if s, err = a.Resources.Secrets.Delete(r.Context(), s.Metadata.ID); err != nil {
		return err
	}
	return answer(w, r, http.StatusOK, s.Hidden())
}
