package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/spanner"
	"cloud.google.com/go/spanner/apiv1/spannerpb"
	"flora.dev/flora/bench/workload"
	"github.com/gofrs/uuid/v5"
	"github.com/golang-jwt/jwt/v5"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// naive is the server that one writes first: a function for each field, which
// asks the database for what that field needs, of tables that Flora made. It
// knows the operations of the load comparison and the rule of its products.
type naive struct {
	client   *spanner.Client
	key      any
	parallel bool         // lets the functions of one level run at the same time, as gqlgen does
	calls    atomic.Int64 // to Spanner
}

// newNaive connects to a database behind an address.
func newNaive(ctx context.Context, address, database string, key any, parallel bool) (*naive, error) {
	n := &naive{key: key, parallel: parallel}
	var err error
	n.client, err = spanner.NewClientWithConfig(ctx, database, spanner.ClientConfig{DisableNativeMetrics: true},
		option.WithEndpoint("passthrough:///"+address), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithGRPCDialOption(grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, c *grpc.ClientConn, call grpc.UnaryInvoker, o ...grpc.CallOption) error {
			n.calls.Add(1)
			return call(ctx, method, in, out, c, o...)
		})),
		option.WithGRPCDialOption(grpc.WithStreamInterceptor(func(ctx context.Context, d *grpc.StreamDesc, c *grpc.ClientConn, method string, open grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
			n.calls.Add(1)
			return open(ctx, d, c, method, o...)
		})))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", database, err)
	}
	return n, nil
}

func (n *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := n.answer(r)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		json.NewEncoder(w).Encode(object{"errors": []object{{"message": err.Error()}}})
		return
	}
	json.NewEncoder(w).Encode(object{"data": data})
}

// question is an operation with who asks it.
type question struct {
	*naive
	ctx       context.Context
	caller    string
	variables object
}

func (n *naive) answer(r *http.Request) (any, error) {
	q := question{naive: n, ctx: r.Context()}
	var claims jwt.RegisteredClaims
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return n.key, nil }, jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithIssuer(workload.Issuer), jwt.WithAudience(workload.Audience), jwt.WithExpirationRequired()); err != nil {
		return nil, err
	}
	q.caller = claims.Subject
	var in struct {
		Query     string
		Variables object
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	q.variables = in.Variables
	document, err := parser.ParseQuery(&ast.Source{Input: in.Query})
	if err != nil {
		return nil, err
	}
	return q.object("Query", nil, document.Operations[0].SelectionSet)
}

// object resolves the fields of an object one by one, or side by side.
func (q question) object(kind string, parent object, selection ast.SelectionSet) (object, error) {
	values, faults := make([]any, len(selection)), make([]error, len(selection))
	q.each(len(selection), func(i int) { values[i], faults[i] = q.field(kind, parent, selection[i].(*ast.Field)) })
	out := object{}
	for i, s := range selection {
		out[s.(*ast.Field).Alias] = values[i]
	}
	return out, errors.Join(faults...)
}

// list resolves a page of objects.
func (q question) list(kind string, rows []object, field *ast.Field) (object, error) {
	nodes, faults := make([]object, len(rows)), make([]error, len(rows))
	q.each(len(rows), func(i int) {
		nodes[i], faults[i] = q.object(kind, rows[i], field.SelectionSet[0].(*ast.Field).SelectionSet) // nodes
	})
	return object{"nodes": nodes}, errors.Join(faults...)
}

func (q question) each(n int, f func(int)) {
	var group sync.WaitGroup
	for i := range n {
		if q.parallel {
			group.Go(func() { f(i) })
		} else {
			f(i)
		}
	}
	group.Wait()
}

// field is the resolver of a field.
func (q question) field(kind string, parent object, f *ast.Field) (any, error) {
	arguments := object{}
	for _, a := range f.Arguments {
		value, err := a.Value.Value(q.variables)
		if err != nil {
			return nil, err
		}
		arguments[a.Name] = value
	}
	const product = "SELECT flora_id AS _id, name, price, sku, owner, createdAt, category FROM Product WHERE "
	switch kind + "." + f.Name {
	case "Query.findProductByID":
		rows, err := q.rows(product+"flora_id = @a", arguments["id"], nil)
		if err != nil || len(rows) == 0 || rows[0]["owner"] != q.caller {
			return nil, err
		}
		return q.object("Product", rows[0], f.SelectionSet)
	case "Query.products":
		rows, err := q.rows(product+"owner = @a ORDER BY createdAt DESC, flora_id LIMIT @n", q.caller, arguments["first"])
		if err != nil {
			return nil, err
		}
		return q.list("Product", rows, f)
	case "Product.category":
		rows, err := q.rows("SELECT flora_id AS _id, name FROM Category WHERE flora_id = @a", parent["category"], nil)
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		return q.object("Category", rows[0], f.SelectionSet)
	case "Product.reviews":
		rows, err := q.rows("SELECT flora_id AS _id, author, stars, body FROM Review WHERE product = @a ORDER BY stars DESC, flora_id LIMIT @n", parent["_id"], arguments["first"])
		if err != nil {
			return nil, err
		}
		return q.list("Review", rows, f)
	case "Query.createProduct":
		row, err := q.create(arguments["data"].(object))
		if err != nil {
			return nil, err
		}
		return q.object("Product", row, f.SelectionSet)
	case "Query.partialUpdateProduct":
		row, err := q.update(arguments["id"].(string), arguments["data"].(object)["price"])
		if err != nil || row == nil {
			return nil, err
		}
		return q.object("Product", row, f.SelectionSet)
	}
	return parent[f.Name], nil
}

// rows runs a statement with a parameter @a and a length @n.
func (q question) rows(sql string, a, n any) (list []object, err error) {
	statement := spanner.Statement{SQL: sql, Params: object{"a": a}}
	if n != nil {
		statement.Params["n"] = n
	}
	err = q.client.Single().Query(q.ctx, statement).Do(func(r *spanner.Row) error {
		row := object{}
		for i, name := range r.ColumnNames() {
			var v spanner.GenericColumnValue
			if err := r.Column(i, &v); err != nil {
				return err
			}
			row[name] = v.Value.AsInterface()
			if v.Type.Code == spannerpb.TypeCode_INT64 { // comes as text
				row[name] = json.Number(v.Value.GetStringValue())
			}
		}
		list = append(list, row)
		return nil
	})
	return list, err
}

// create writes a product for the caller if its category is there.
func (q question) create(data object) (object, error) {
	category := data["category"].(object)["connect"]
	row := object{"_id": uuid.Must(uuid.NewV4()).String(), "name": data["name"], "sku": data["sku"], "price": data["price"], "owner": q.caller, "createdAt": time.Now().UTC().Truncate(time.Microsecond)}
	_, err := q.client.ReadWriteTransaction(q.ctx, func(ctx context.Context, t *spanner.ReadWriteTransaction) error {
		if _, err := t.ReadRow(ctx, "Category", spanner.Key{category}, []string{"flora_id"}); err != nil {
			return err
		}
		return t.BufferWrite([]*spanner.Mutation{spanner.Insert("Product", []string{"flora_id", "flora_ts", "name", "sku", "price", "owner", "createdAt", "category"},
			[]any{row["_id"], time.Now().UnixMicro(), row["name"], row["sku"], row["price"], row["owner"], row["createdAt"], category})})
	})
	return row, err
}

// update changes the price of a product of the caller.
func (q question) update(id string, price any) (row object, err error) {
	_, err = q.client.ReadWriteTransaction(q.ctx, func(ctx context.Context, t *spanner.ReadWriteTransaction) error {
		var owner string
		r, err := t.ReadRow(ctx, "Product", spanner.Key{id}, []string{"owner"})
		if err == nil {
			err = r.Column(0, &owner)
		}
		if err != nil || owner != q.caller {
			return err
		}
		row = object{"_id": id, "price": price}
		return t.BufferWrite([]*spanner.Mutation{spanner.Update("Product", []string{"flora_id", "price"}, []any{id, price})})
	})
	return row, err
}
