package graph

import (
	"context"
	"crypto/sha256"
	"errors"

	"flora.dev/flora/schema"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Resolver gives operations of the data API their meaning. Errors that are
// *gqlerror.Error (or gqlerror.List) with a code in Extensions["code"] reach
// the client as they are; ErrStale makes the Executor reload and start over;
// every other error is masked as INTERNAL.
type Resolver interface {
	Query(ctx context.Context, v *Version, op *Operation) (*Answer, error)
	Mutation(ctx context.Context, v *Version, op *Operation) (*Answer, error)
}

// Preparer is a Resolver that plans an operation once for all its callers. Prepare
// returns nil for one that it cannot plan so; grow must be called for each plan
// that is kept more than ever.
type Preparer interface {
	Resolver
	Prepare(v *Version, op *Operation, grow func()) Prepared
}

// Prepared is an operation that is asked again and again, by any caller. variables
// are the values of those that the operation's Args hold as a Variable. Besides the
// errors of a Resolver there is ErrUnprepared, where that must be asked: then a
// mutation has not happened, nor with ErrStale.
type Prepared interface {
	Answer(ctx context.Context, variables []any) (*Answer, error)
}

// Variable stands in the Args of an operation that is prepared for a value of its
// variables, by its number.
type Variable int

// ErrUnprepared says that a prepared operation does not fit its caller or variables.
var ErrUnprepared = errors.New("operation is not prepared")

// ErrStale says that the store has a newer schema version than the operation was planned for.
var ErrStale = errors.New("schema version is stale")

// Version is one published schema version. It is immutable.
type Version struct {
	Number int64
	Schema *schema.Schema
}

// Operation is one validated query or mutation. Introspection fields and
// __typename of the root are not in Fields.
type Operation struct {
	Name     string
	Mutation bool
	Fields   []*Field
	Retry    *Retry // of a mutation whose client may send it again, else nil
}

// Retry makes a mutation that is sent again repeat the outcome of the first time.
type Retry struct {
	Key     string            // chosen by the client
	Request [sha256.Size]byte // hash of what is asked: operation name, query text, variables
}

// Field is one response key: fragments are spread, @skip and @include decided,
// fields of one key merged, arguments coerced with their defaults.
type Field struct {
	Key  string // response key: alias, else name
	Name string // "__typename" too
	// Args holds the arguments given, as rules.Value says for scalars
	// (bool, int64, float64, string, Time as int64 microseconds; enums and
	// Date as string), []any for lists, map[string]any for input objects,
	// nil for an explicit null. What the client left out is absent.
	Args   map[string]any
	Fields []*Field
	Pos    *ast.Position
}

// Answer is the result of an operation.
type Answer struct {
	Roots      []Root         // one per Operation.Fields
	Extensions map[string]any // told even with an error; commitTime says that a mutation committed
	Errors     gqlerror.List  // beside data
}

// Root is the value of one root field: Text read under Shape.
type Root struct {
	Shape *schema.Shape
	Text  string
}
