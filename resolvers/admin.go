package resolvers

import (
	"context"

	"flora.dev/flora/graph"
)

// AdminResolver answers the control API. It is the root that the generated
// admin.resolvers.go hangs its methods on.
type AdminResolver struct {
	// Version returns the schema version that is published now.
	Version func() *graph.Version
	// Right returns nil if the caller holds the right flora:read, else the
	// error that the client is to see.
	Right func(ctx context.Context) error
}
