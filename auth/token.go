package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

// NewSecret makes the secret of an API token: a random UUID.
func NewSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

// SecretHash is what is kept of a secret. Secrets are random and long, so a
// plain hash cannot be turned back.
func SecretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// SecretID is the id that the token of a secret is stored under: who knows the
// secret can find it without a search, and nobody else can tell it.
func SecretID(secret string) string {
	sum := sha256.Sum256([]byte("weir/api-token/id\x00" + secret))
	b := [16]byte(sum[:16])
	b[6] = b[6]&0x0f | 0x80 // version 8: our own scheme
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

func uuidText(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// same compares secrets without telling by time how much of them agrees.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
