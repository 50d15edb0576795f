package namespace

import (
	"context"
	"errors"

	"github.com/weir-streams/weir/resource"
)

// Of makes the resources of one kind contents of their namespaces.
func Of[T any, P interface {
	*T
	resource.Object
}](name string, c Collection[T],
) Contents {
	return collection[T, P]{name, c}
}

type collection[T any, P interface {
	*T
	resource.Object
}] struct {
	name string
	c    Collection[T]
}

func (c collection[T, P]) Name() string { return c.name }

func (c collection[T, P]) Remove(ctx context.Context, namespace string) (int, error) {
	all, err := c.c.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return 0, err
	}
	for _, v := range all {
		if _, err := c.c.Delete(ctx, P(&v).Meta().ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
			return 0, err
		}
	}
	return len(all), nil
}
