package store

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// Keys seal the values of secrets where they are stored. The first one seals;
// all open, so that a key is changed by putting a new one above it.
type Keys struct{ all []sealer }

type sealer struct {
	id   string
	aead cipher.AEAD
}

// keySize is that of AES-256.
const keySize = 32

// keyFileLimit bounds what is read as a key file: a thousand keys.
const keyFileLimit = 64 << 10

// ParseKeys reads keys, 32 bytes each in base64, one a line. Empty lines and
// those that begin with # say nothing.
func ParseKeys(text []byte) (*Keys, error) {
	var keys Keys
	n := 0
	for line := range bytes.Lines(text) {
		n++
		word := strings.TrimSpace(string(line))
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(word)
		if err != nil || len(raw) != keySize {
			// What is there may be a key, so it is not repeated.
			return nil, fmt.Errorf("line %d is no key: want %d bytes in base64, as `openssl rand -base64 %d` prints them", n, keySize, keySize)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("key in line %d: %w", n, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("key in line %d: %w", n, err)
		}
		sum := sha256.Sum256(append([]byte("weir secret key\x00"), raw...))
		keys.all = append(keys.all, sealer{hex.EncodeToString(sum[:4]), aead})
	}
	if len(keys.all) == 0 {
		return nil, errors.New("it has no key")
	}
	return &keys, nil
}

// ReadKeys reads a key file. With create, a file that is not there is made,
// with a new key, for its owner only.
func ReadKeys(path string, create bool) (*Keys, error) {
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		text, err = newKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key file: %w", err)
	}
	keys, err := ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("secret key file %s: %w", path, err)
	}
	return keys, nil
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > keyFileLimit:
		return nil, fmt.Errorf("%s is not a small file", path)
	case info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("%s can be read by everybody on this machine (mode %04o): take that away with chmod o-rwx, or defaultMode 0440 of a Kubernetes volume", path, info.Mode().Perm())
	}
	return os.ReadFile(path)
}

func newKeyFile(path string) ([]byte, error) {
	raw := make([]byte, keySize)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	text := []byte("# Seals the secret values of this weir. Without it they cannot be read: keep a copy.\n" +
		base64.StdEncoding.EncodeToString(raw) + "\n")
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	// Not over a file that somebody made meanwhile: it may seal values already.
	if err := os.Link(path+".new", path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := os.Remove(path + ".new"); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// box is a sealed value: which key, and nonce and ciphertext in one.
type box struct {
	Key  string `json:"key"`
	Data []byte `json:"data"`
}

// seal hides a value; owner is what it belongs to, and it opens for nothing else.
func (k *Keys) seal(owner, value string) (box, error) {
	first := k.all[0]
	nonce := make([]byte, first.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return box{}, err
	}
	return box{first.id, first.aead.Seal(nonce, nonce, []byte(value), []byte(owner))}, nil
}

func (k *Keys) open(owner string, b box) (string, error) {
	if k == nil {
		return "", fmt.Errorf("it is sealed with key %s, and this server has no key: give the key file by --secret-key-file", b.Key)
	}
	for _, key := range k.all {
		if key.id != b.Key {
			continue
		}
		size := key.aead.NonceSize()
		if len(b.Data) < size {
			return "", errors.New("what is stored is cut off")
		}
		value, err := key.aead.Open(nil, b.Data[:size], b.Data[size:], []byte(owner))
		if err != nil {
			return "", errors.New("what is stored is damaged, or belongs to another secret")
		}
		return string(value), nil
	}
	return "", fmt.Errorf("it is sealed with key %s, which is not in the secret key file: add that key as a further line", b.Key)
}

// sealedDocument is a secret as it is stored: the document without the value,
// and the value sealed.
type sealedDocument struct {
	resource.SecretValue
	Sealed *box `json:"sealed,omitempty"`
}

// unseal opens the value of a secret. One that cannot be opened is marked, so
// that a lost key does not hide the other secrets, nor the name of this one.
func (c *Collection[T, P]) unseal(v *T, doc []byte) error {
	s, is := any(v).(*resource.SecretValue)
	if !is {
		return nil
	}
	var stored struct {
		Sealed *box `json:"sealed"`
	}
	if err := json.Unmarshal(doc, &stored); err != nil || stored.Sealed == nil {
		return err
	}
	value, err := c.db.keys.open(s.Metadata.ID, *stored.Sealed)
	if err != nil {
		s.Spec.Unreadable = err.Error()
		return nil
	}
	s.Spec.Value = value
	return nil
}

// unreadable is why the value of a secret that was read cannot be told.
func (c *Collection[T, P]) unreadable(v T) string {
	if s, is := any(&v).(*resource.SecretValue); is {
		return s.Spec.Unreadable
	}
	return ""
}

// sealed is a document as it goes into the database. unreadable says why the
// value that is there cannot be read, empty if it can.
func (c *Collection[T, P]) sealed(v T, doc []byte, unreadable string) ([]byte, error) {
	s, is := any(&v).(*resource.SecretValue)
	switch {
	case !is:
		return doc, nil
	case unreadable != "" && s.Spec.Value == "":
		return nil, resource.Invalidf("spec.value", "must be given anew, because the old one cannot be read: %s", unreadable)
	case c.db.keys == nil:
		return doc, nil
	}
	b, err := c.db.keys.seal(s.Metadata.ID, s.Spec.Value)
	if err != nil {
		return nil, fmt.Errorf("seal the value: %w", err)
	}
	return json.Marshal(sealedDocument{s.Hidden(), &b})
}

// Reseal seals anew, with the first key, the values that another key or none
// seals, and says how many. After it the other keys are not needed any more.
// Values that cannot be read stay as they are.
func (db *DB) Reseal(ctx context.Context) (int, error) {
	if db.keys == nil {
		return 0, nil
	}
	rows, err := db.read.QueryContext(ctx, db.sql(`SELECT id, version, doc FROM resource WHERE kind = $1`), string(resource.KindSecretValue))
	if err != nil {
		return 0, db.wrap("seal secrets", err)
	}
	type stale struct {
		id      string
		version int
		doc     []byte
	}
	var all []stale
	for rows.Next() {
		var s stale
		var stored struct {
			Sealed *box `json:"sealed"`
		}
		if err := errors.Join(rows.Scan(&s.id, &s.version, &s.doc), json.Unmarshal(s.doc, &stored)); err != nil {
			return 0, errors.Join(db.wrap("seal secrets", err), rows.Close())
		}
		if stored.Sealed == nil || stored.Sealed.Key != db.keys.all[0].id {
			all = append(all, s)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, db.wrap("seal secrets", err)
	}
	n := 0
	c := db.Secrets()
	for _, s := range all {
		v, err := c.decode(s.id, s.doc)
		if err != nil {
			return n, fmt.Errorf("seal secrets: %w", err)
		}
		if v.Spec.Unreadable != "" {
			continue
		}
		doc, err := c.sealed(v, nil, "")
		if err != nil {
			return n, fmt.Errorf("seal secret %s: %w", s.id, err)
		}
		// Whoever changed it meanwhile has sealed it with the first key.
		err = db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, db.sql(`UPDATE resource SET doc = $1 WHERE kind = $2 AND id = $3 AND version = $4`),
				string(doc), string(resource.KindSecretValue), s.id, s.version)
			return err
		})
		if err != nil {
			return n, db.wrap("seal secret "+s.id, err)
		}
		n++
	}
	return n, nil
}
