package store

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func testKeys(t *testing.T, first byte, more ...byte) *Keys {
	t.Helper()
	var text strings.Builder
	for _, b := range append([]byte{first}, more...) {
		text.WriteString("# a key\n\n" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, keySize)) + "\n")
	}
	keys, err := ParseKeys([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func openWith(t *testing.T, url string, keys *Keys) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, Sealed(keys))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func closeNow(t *testing.T, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func secret(name, value string) resource.SecretValue {
	return resource.SecretValue{
		Metadata: resource.Metadata{Namespace: "default", Name: name},
		Spec:     resource.SecretValueSpec{Kind: resource.SecretPlain, Value: value},
	}
}

// stored is the document of a secret as the database has it.
func stored(t *testing.T, db *DB, id string) string {
	t.Helper()
	var doc string
	if err := db.read.QueryRowContext(t.Context(), db.sql(`SELECT doc FROM resource WHERE kind = 'SecretValue' AND id = $1`), id).Scan(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSecretsAreSealedWhereTheyLie(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		const value = "swordfish-7391"
		db := openWith(t, url, testKeys(t, 1))
		s, err := db.Secrets().Create(t.Context(), "anna", secret("kafka", value))
		if err != nil || s.Spec.Value != value {
			t.Fatalf("created %+v, %v", s.Spec, err)
		}
		if doc := stored(t, db, s.Metadata.ID); strings.Contains(doc, value) || !strings.Contains(doc, `"sealed"`) {
			t.Errorf("stored as %s", doc)
		}
		s, err = db.Secrets().Update(t.Context(), "anna", s.Metadata.ID, func(s *resource.SecretValue) error {
			s.Spec.Value += "!"
			return nil
		})
		if err != nil || s.Spec.Value != value+"!" || strings.Contains(stored(t, db, s.Metadata.ID), value) {
			t.Errorf("updated %+v, %v; stored %s", s.Spec, err, stored(t, db, s.Metadata.ID))
		}
		before := s.Metadata.ResourceVersion
		s, err = db.Secrets().Update(t.Context(), "anna", s.Metadata.ID, func(*resource.SecretValue) error { return nil })
		if err != nil || s.Metadata.ResourceVersion != before || s.Spec.Value != value+"!" {
			t.Errorf("an update that changes nothing: %+v, %v", s, err)
		}
		closeNow(t, db)

		// Another key above it: both open, and Reseal makes the old one superfluous.
		db = openWith(t, url, testKeys(t, 2, 1))
		if s, err = db.Secrets().GetByName(t.Context(), "default", "kafka"); err != nil || s.Spec.Value != value+"!" {
			t.Errorf("with a new key above: %+v, %v", s.Spec, err)
		}
		if n, err := db.Reseal(t.Context()); n != 1 || err != nil {
			t.Errorf("resealed %d, %v", n, err)
		}
		if n, err := db.Reseal(t.Context()); n != 0 || err != nil {
			t.Errorf("resealed again %d, %v", n, err)
		}
		closeNow(t, db)
		db = openWith(t, url, testKeys(t, 2))
		defer closeNow(t, db)
		if s, err = db.Secrets().GetByName(t.Context(), "default", "kafka"); err != nil || s.Spec.Value != value+"!" || s.Metadata.ResourceVersion != before {
			t.Errorf("with the new key alone: %+v, %v", s, err)
		}
	})
}

func TestAValueThatCannotBeReadIsNotLost(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := openWith(t, url, testKeys(t, 1))
		s, err := db.Secrets().Create(t.Context(), "anna", secret("kafka", "swordfish"))
		if err != nil {
			t.Fatal(err)
		}
		closeNow(t, db)
		for name, keys := range map[string]*Keys{"another key": testKeys(t, 9), "no key": nil} {
			db = openWith(t, url, keys)
			all, err := db.Secrets().List(t.Context(), resource.Filter{})
			if err != nil || len(all) != 1 || all[0].Spec.Value != "" || !strings.Contains(all[0].Spec.Unreadable, "is sealed with key") {
				t.Errorf("%s: %+v, %v", name, all, err)
			}
			// What is not the value may not be written either: the value would go.
			_, err = db.Secrets().Update(t.Context(), "anna", s.Metadata.ID, func(s *resource.SecretValue) error {
				s.Metadata.Labels = map[string]string{"a": "b"}
				return nil
			})
			var invalid *resource.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != "spec.value" {
				t.Errorf("%s: update: %v", name, err)
			}
			if n, err := db.Reseal(t.Context()); n != 0 || err != nil {
				t.Errorf("%s: resealed %d, %v", name, n, err)
			}
			closeNow(t, db)
		}
		db = openWith(t, url, testKeys(t, 1))
		if s, err = db.Secrets().Get(t.Context(), s.Metadata.ID); err != nil || s.Spec.Value != "swordfish" {
			t.Errorf("with its key again: %+v, %v", s.Spec, err)
		}
		closeNow(t, db)
		db = openWith(t, url, testKeys(t, 9))
		defer closeNow(t, db)
		s, err = db.Secrets().Update(t.Context(), "anna", s.Metadata.ID, func(s *resource.SecretValue) error {
			s.Spec.Value = "new"
			return nil
		})
		if err != nil || s.Spec.Value != "new" || s.Spec.Unreadable != "" {
			t.Errorf("given anew: %+v, %v", s.Spec, err)
		}
	})
}

func TestPlainValuesOfBeforeAreSealed(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "weir.db")
	db := open(t, url)
	s, err := db.Secrets().Create(t.Context(), "anna", secret("kafka", "swordfish"))
	if err != nil {
		t.Fatal(err)
	}
	db.keys = testKeys(t, 1)
	if n, err := db.Reseal(t.Context()); n != 1 || err != nil || strings.Contains(stored(t, db, s.Metadata.ID), "swordfish") {
		t.Errorf("%d sealed, %v: %s", n, err, stored(t, db, s.Metadata.ID))
	}
	if s, err = db.Secrets().Get(t.Context(), s.Metadata.ID); err != nil || s.Spec.Value != "swordfish" {
		t.Errorf("%+v, %v", s.Spec, err)
	}
}

// A sealed value in another secret's place does not open: who can write the
// database, but has no key, cannot hand a secret to another job.
func TestASealedValueBelongsToItsSecret(t *testing.T) {
	keys := testKeys(t, 1)
	b, err := keys.seal("a", "swordfish")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := keys.open("a", b); v != "swordfish" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if v, err := keys.open("b", b); err == nil {
		t.Errorf("opened as b: %q", v)
	}
	b.Data[len(b.Data)-1] ^= 1
	if v, err := keys.open("a", b); err == nil {
		t.Errorf("opened though damaged: %q", v)
	}
	if v, err := keys.open("a", box{b.Key, []byte("abc")}); err == nil {
		t.Errorf("opened though cut off: %q", v)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	if _, err := ReadKeys(path, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	made, err := ReadKeys(path, true)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("made with %v, %v", info.Mode(), err)
	}
	again, err := ReadKeys(path, true)
	if err != nil || again.all[0].id != made.all[0].id {
		t.Errorf("read again: %v", err)
	}
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, keySize))
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"empty", "# nothing\n", 0o600, "it has no key"},
		{"short", "c2hvcnQ=\n", 0o600, "line 1 is no key"},
		{"text", good + "\nhunter2 hunter2\n", 0o600, "line 2 is no key"},
		{"open to all", good, 0o644, "chmod o-rwx"},
		{"large", strings.Repeat("#\n", keyFileLimit), 0o600, "is not a small file"},
	} {
		file := filepath.Join(dir, tt.name)
		if err := os.WriteFile(file, []byte(tt.text), tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeys(file, false); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := ReadKeys(dir, false); err == nil {
		t.Error("a folder is a key file")
	}
}
