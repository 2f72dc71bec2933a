package raw

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/uuid/v5"
	"zombiezen.com/go/sqlite"
)

// Options say what the handler serves.
type Options struct {
	Store       string // as Create made it
	KeySet      string
	Synchronous string // of SQLite: NORMAL or FULL
}

// New makes the handler.
func New(o Options) (http.Handler, error) {
	v, err := newVerifier(o.KeySet)
	if err != nil {
		return nil, err
	}
	s, err := open(o.Store, o.Synchronous)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /graphql", &handler{verifier: v, store: s})
	return mux, nil
}

// Constant returns a handler that reads a request and answers nothing.
func Constant() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		header := w.Header()
		header["Content-Type"] = []string{"application/json"}
		io.WriteString(w, `{"data":{}}`)
	})
}

type handler struct {
	verifier *verifier
	store    *store
	buffers  sync.Pool // of *buffers
}

// buffers are those of one request.
type buffers struct {
	in      bytes.Buffer
	out     []byte
	id      []byte // of the product that is written
	next    []byte // of the row's
	aside   []byte // its reviews, as they came
	reviews []written
}

var errOperation = errors.New("unknown operation")

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, ok := h.buffers.Get().(*buffers)
	if !ok {
		b = &buffers{out: make([]byte, 0, 16<<10)}
	}
	defer h.buffers.Put(b)
	b.in.Reset()
	b.out = b.out[:0]
	status := http.StatusOK
	subject, err := h.verifier.subject(r.Header.Get("Authorization"))
	if err != nil {
		status = http.StatusUnauthorized
	} else if _, err = b.in.ReadFrom(io.LimitReader(r.Body, 64<<10)); err == nil {
		err = h.answer(r.Context(), b, subject)
	}
	if err != nil {
		b.out = append(b.out[:0], `{"errors":[{"message":`...)
		b.out = append(appendText(b.out, err.Error()), `}]}`...)
	}
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(len(b.out))}
	w.WriteHeader(status)
	w.Write(b.out)
}

func (h *handler) answer(ctx context.Context, b *buffers, subject string) error {
	in := b.in.Bytes()
	switch text(in, "operationName") {
	case "Q1":
		return h.store.read(ctx, func(c *conn) error { return c.one(b, text(in, "id"), subject) })
	case "Q2":
		return h.store.read(ctx, func(c *conn) error { return c.list(b, subject) })
	case "Q3":
		return h.store.read(ctx, func(c *conn) error { return c.nested(b, subject) })
	case "M1":
		return h.create(b, in, subject)
	case "M2":
		return h.update(b, in, subject)
	}
	return errOperation
}

func (h *handler) create(b *buffers, in []byte, subject string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	key, name, sku, price, created := id.String(), text(in, "name"), text(in, "sku"), number(in, "price"), time.Now().UTC().Format(timeForm)
	if _, err := h.store.write(h.store.createStmt, func(s *sqlite.Stmt) {
		s.BindText(1, key)
		s.BindText(2, name)
		s.BindFloat(3, price)
		s.BindText(4, sku)
		s.BindText(5, subject)
		s.BindText(6, created)
		s.BindText(7, text(in, "category"))
	}); err != nil {
		return err
	}
	b.out = appendText(append(b.out, `{"data":{"createProduct":{"_id":`...), key)
	b.out = appendText(append(b.out, `,"name":`...), name)
	b.out = strconv.AppendFloat(append(b.out, `,"price":`...), price, 'f', -1, 64)
	b.out = appendText(append(b.out, `,"sku":`...), sku)
	b.out = appendText(append(b.out, `,"owner":`...), subject)
	b.out = appendText(append(b.out, `,"createdAt":`...), created)
	b.out = append(b.out, `}}}`...)
	return nil
}

func (h *handler) update(b *buffers, in []byte, subject string) error {
	id, price := text(in, "id"), number(in, "price")
	n, err := h.store.write(h.store.updateStmt, func(s *sqlite.Stmt) {
		s.BindFloat(1, price)
		s.BindText(2, id)
		s.BindText(3, subject)
	})
	if err != nil {
		return err
	}
	if n == 0 {
		b.out = append(b.out, `{"data":{"partialUpdateProduct":null}}`...)
		return nil
	}
	b.out = appendText(append(b.out, `{"data":{"partialUpdateProduct":{"_id":`...), id)
	b.out = strconv.AppendFloat(append(b.out, `,"price":`...), price, 'f', -1, 64)
	b.out = append(b.out, `}}}`...)
	return nil
}

// text finds a member of the request that is text. The driver writes members
// without spaces, and the query has none of these names in quotes.
func text(in []byte, name string) string {
	_, after, ok := bytes.Cut(in, []byte(`"`+name+`":"`))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(after, []byte{'"'})
	return string(value)
}

func number(in []byte, name string) float64 {
	_, after, _ := bytes.Cut(in, []byte(`"`+name+`":`))
	n := bytes.IndexAny(after, ",}")
	if n < 0 {
		return 0
	}
	f, _ := strconv.ParseFloat(string(after[:n]), 64)
	return f
}
