package auth

import "context"

type subjectKey struct{}

// With gives a context the subject of a request.
func With(ctx context.Context, s Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// From returns the subject of a request; one without any rights when there is
// none.
func From(ctx context.Context) Subject {
	s, _ := ctx.Value(subjectKey{}).(Subject)
	return s
}
