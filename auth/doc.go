// Package auth says who may do what. Allow is the whole policy, a pure
// function of a subject, a verb and a resource; the rest finds out who the
// subject is: from an API token, from a token of a sign-in provider (OpenID
// Connect), or from the session that a sign-in began.
//
// Only a proved identity becomes a Subject. What cannot be proved is refused,
// never made anonymous.
package auth
