package graph

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
)

type retryKey struct{}

func withRetryKey(ctx context.Context, key string) context.Context {
	if key == "" {
		return ctx
	}
	return context.WithValue(ctx, retryKey{}, key)
}

// retryOf is what the context and a request say of retries. Variables that are
// equal have one text: members are sorted, numbers keep their digits.
func retryOf(ctx context.Context, params *graphql.RawParams) *Retry {
	key, _ := ctx.Value(retryKey{}).(string)
	if key == "" {
		return nil
	}
	text := fmt.Appendf(nil, "%q %q ", params.OperationName, params.Query)
	return &Retry{Key: key, Request: sha256.Sum256(append(text, marshal(params.Variables)...))}
}
