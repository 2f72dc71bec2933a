package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	sppb "cloud.google.com/go/spanner/apiv1/spannerpb"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"flora.dev/flora/web"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// wire sees the requests to Spanner, and may answer them in its place.
type wire struct {
	mu    sync.Mutex
	tags  []string // "request tag/transaction tag" of each data request
	fault func(req any) error
}

func (s *wire) see(req any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := req.(interface {
		GetRequestOptions() *sppb.RequestOptions
	}); ok {
		o := r.GetRequestOptions()
		s.tags = append(s.tags, fmt.Sprintf("%T %s/%s", req, o.GetRequestTag(), o.GetTransactionTag()))
	}
	if s.fault != nil {
		return s.fault(req)
	}
	return nil
}

func (s *wire) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.tags
	s.tags = nil
	return list
}

func (s *wire) dial() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if err := s.see(req); err != nil {
				return err
			}
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			stream, err := open(ctx, desc, cc, method, opts...)
			return &seenStream{stream, s}, err
		}),
	}
}

type seenStream struct {
	grpc.ClientStream
	wire *wire
}

func (s *seenStream) SendMsg(m any) error {
	if err := s.wire.see(m); err != nil {
		return err
	}
	return s.ClientStream.SendMsg(m)
}

// followed is the products world on Spanner, its log, and the wire between.
func followed(t *testing.T) (w *wire, log *console, base, token string) {
	t.Helper()
	w, log = &wire{}, newConsole()
	log.logs = true
	db, err := spanner.Open(t.Context(), emulator.Database(t), spanner.Options{Emulator: emulator.Host(t), Dial: w.dial()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	l := defaultLimits()
	l.web.Rate = 0
	server, issuer := readWorld(t, "testdata/worlds/products").serveWith(t, db, l, web.Options{Log: slog.New(slog.NewJSONHandler(log, nil))})
	token = mintFor(t, issuer, "ada")
	post(t, server.URL, token, "{ me { _id } }") // opens the session
	w.take()
	return w, log, server.URL, token
}

// access is the access line of a request.
func access(t *testing.T, log *console, id string) map[string]any {
	t.Helper()
	var found map[string]any
	for line := range strings.Lines(log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if m["requestId"] != id || m["msg"] != "request" {
			continue
		}
		if found != nil {
			t.Errorf("two access lines of one request: %s", line)
		}
		found = m
	}
	if found == nil {
		t.Fatalf("no access line of %s in %s", id, log)
	}
	return found
}

// TestFollow follows requests of each kind to Spanner: every one of theirs
// carries the request id as its tag, and the access line counts them.
func TestFollow(t *testing.T) {
	w, log, base, token := followed(t)
	for _, tt := range []struct {
		name, query, answer string
		documents, trips    int
	}{
		{"query", "query Lamps { products { nodes { name } } me { name } }", `"Lamp"`, 4, 1},
		{"query without I/O", "query Nothing { vaults { totalCount } }", `"totalCount":0`, 0, 0},
		{"blind create", `mutation A { createNote(data: { text: "x" }) { text } }`, `"text":"x"`, 1, 1},
		{"guarded update", `mutation B { partialUpdateProduct(id: "lamp", data: { price: 2 }) { price } }`, `"price":2`, 1, 2},
		{"answer beyond the row", `mutation C { partialUpdateProduct(id: "lamp", data: { price: 3 }) { owner { name } } }`, `"Ada"`, 2, 3},
		{"several", `mutation D { a: partialUpdateProduct(id: "lamp", data: { price: 4 }) { price } b: createNote(data: { text: "y" }) { text } }`, `"y"`, 2, 3},
		{"refused", `mutation E { partialUpdateProduct(id: "chair", data: { price: 4 }) { price } }`, `FORBIDDEN`, 0, 2}, // the rollback is the client library's own
		{"not valid", `query F { nothing }`, `GRAPHQL_VALIDATION_FAILED`, 0, 0},
	} {
		res, got := post(t, base, token, tt.query)
		id := res.Header.Get("X-Request-Id")
		tags := w.take()
		line := access(t, log, id)
		if !strings.Contains(got, tt.answer) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.answer)
		}
		if line["trips"] != float64(tt.trips) || line["documents"] != float64(tt.documents) {
			t.Errorf("%s: %v trips, %v documents, want %d and %d", tt.name, line["trips"], line["documents"], tt.trips, tt.documents)
		}
		name := map[bool]any{true: nil, false: strings.Fields(tt.query)[1]}[tt.answer == "GRAPHQL_VALIDATION_FAILED"]
		decision := map[bool]any{true: "refused", false: "answered"}[line["code"] != nil]
		if line["operation"] != name || line["decision"] != decision || line["provider"] != "dev" {
			t.Errorf("%s: line %v", tt.name, line)
		}
		for _, tag := range tags {
			want := "request=" + id
			transaction := strings.HasPrefix(tt.query, "mutation") && !strings.HasSuffix(tag, " "+want+"/") // the read after a commit is in none
			if len(want) > 50 || !strings.HasSuffix(tag, "/"+want) && transaction || !strings.Contains(tag, want) {
				t.Errorf("%s: tag %s, want %s", tt.name, tag, want)
			}
		}
		if tt.trips > 0 && len(tags) == 0 {
			t.Errorf("%s: no request was seen", tt.name)
		}
	}
}

// TestStoreFaults has Spanner fail with the values that it quotes: neither the
// log nor the answer has them, and who asks why finds the kind of error.
func TestStoreFaults(t *testing.T) {
	for _, tt := range []struct {
		name, query string
		code        grpccodes.Code
		answer, log string
	}{
		{"read", "{ products { nodes { name } } }", grpccodes.OutOfRange, `"code":"INTERNAL"`, "OutOfRange"},
		{"write", `mutation { partialUpdateProduct(id: "lamp", data: { price: 2 }) { price } }`, grpccodes.OutOfRange, `"code":"INTERNAL"`, "OutOfRange"},
		{"conflict", `mutation { partialUpdateProduct(id: "lamp", data: { price: 2 }) { price } }`, grpccodes.AlreadyExists, `"code":"CONFLICT"`, ""},
		{"foreign key", `mutation { partialUpdateProduct(id: "lamp", data: { price: 2 }) { price } }`, grpccodes.FailedPrecondition, `"code":"FORBIDDEN"`, ""},
		{"missing table", "{ products { nodes { name } } }", grpccodes.NotFound, `"code":"INTERNAL"`, "NotFound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, log, base, token := followed(t)
			w.fault = func(req any) error {
				if _, ok := req.(*sppb.ExecuteSqlRequest); ok {
					return status.Error(tt.code, "overflow: 5 + "+marker+"stored")
				}
				return nil
			}
			res, got := post(t, base, token, tt.query)
			if !strings.Contains(got, tt.answer) || strings.Contains(got, marker) {
				t.Errorf("answer %s, want %s", got, tt.answer)
			}
			if !strings.Contains(log.String(), tt.log) || strings.Contains(log.String(), marker) {
				t.Errorf("log %s, want %q", log, tt.log)
			}
			access(t, log, res.Header.Get("X-Request-Id"))
		})
	}
}

// TestCommittedButUnanswered loses the read that answers a mutation after its
// commit: the client is told that it was written, and not to try again.
func TestCommittedButUnanswered(t *testing.T) {
	w, _, base, token := followed(t)
	for _, query := range []string{
		`mutation { partialUpdateProduct(id: "lamp", data: { price: 3 }) { owner { name } } }`,
		`mutation { createNote(data: { text: "z" }) { text } b: createNote(data: { text: "z" }) { __typename owner } }`,
	} {
		committed := false
		w.fault = func(req any) error {
			if _, ok := req.(*sppb.CommitRequest); ok {
				committed = true
			} else if committed {
				return status.Error(grpccodes.Unimplemented, "gone")
			}
			return nil
		}
		_, got := post(t, base, token, query)
		w.fault = nil
		if !committed {
			t.Fatalf("no commit: %s", got)
		}
		if strings.Contains(got, `"data":{`) {
			continue // answered without a read
		}
		if !strings.Contains(got, `"committed":true`) || !strings.Contains(got, "do not send it again") || !strings.Contains(got, `"commitTime":`) {
			t.Errorf("written, its answer lost: %s", got)
		}
	}
	if _, got := post(t, base, token, `{ findProductByID(id: "lamp") { price } }`); !strings.Contains(got, `"price":3`) {
		t.Errorf("it was not written: %s", got)
	}
}
