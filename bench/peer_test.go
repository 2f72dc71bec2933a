package main

import (
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/bench/raw"
	"flora.dev/flora/bench/workload"
)

// rawVariable makes the test binary the handler written by hand: its value is
// the store, the key set and the address.
const rawVariable = "BENCH_TEST_RAW"

func TestMain(m *testing.M) {
	if f := strings.Fields(os.Getenv(rawVariable)); len(f) == 3 {
		h, err := raw.New(raw.Options{Store: f[0], KeySet: f[1], Synchronous: "NORMAL"})
		if err == nil {
			err = http.ListenAndServe(f[2], h)
		}
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// freeAddress is where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestStart: a peer is started on a fresh copy of its data, and ends.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := workload.WriteTokens(in(keySetFile), in(tokensFile)); err != nil {
		t.Fatal(err)
	}
	if err := raw.Create(in(rawStore), someProducts()); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	file := in("peers.json")
	if err := os.WriteFile(file, []byte(`[{"name": "x", "kind": "graphql", "addr": "`+address+`", "path": "/graphql", "tokens": "$H/`+tokensFile+`", "dir": "$H",
		"pre": "cp `+rawStore+` run.db", "start": "`+os.Args[0]+`", "post": "rm run.db*", "env": ["`+rawVariable+`=$H/run.db $H/`+keySetFile+" "+address+`"]}]`), 0o644); err != nil {
		t.Fatal(err)
	}
	peers, err := readPeers(file, dir)
	if err != nil {
		t.Fatal(err)
	}
	p := peers[0]
	p.Queries, p.Vars = documents()
	p.exact = true
	s, err := p.start(in("log"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prove(s, workload.Expect(owners[:]...)); err != nil {
		t.Error(err)
	}
	if s.started <= 0 || s.idle < 5 {
		t.Errorf("started in %s, %v MiB", s.started, s.idle)
	}
	if _, err := p.start(in("log")); err == nil || !strings.Contains(err.Error(), "something else listens on") {
		t.Errorf("started twice: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("it still listens")
	}
	if left, _ := filepath.Glob(in("run.db*")); len(left) > 0 {
		t.Errorf("%s are left", left)
	}
	p.Env = []string{rawVariable + "=no " + in(keySetFile) + " " + address}
	if _, err := p.start(in("log")); err == nil || !strings.Contains(err.Error(), "it ended") {
		t.Errorf("started without a store: %v", err)
	}
	p.Pre = "echo no disk; false"
	if _, err := p.start(in("log")); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("started without data: %v", err)
	}
}

func TestRequest(t *testing.T) {
	graphql := &peer{
		Address: "h:1", Path: "/g", Queries: map[string]string{"M2": `mutation M2 { a(b: "c") }`}, Vars: map[string]string{"M2": `{"id":"$ID","o":"$OWNER","p":$PRICE}`},
	}
	rest := &peer{Address: "h:1", Kind: "pocketbase"}
	for _, tt := range []struct {
		name, got string
		want      []string
	}{
		{"GraphQL", string(graphql.request("M2", 7, 1007, rand.New(rand.NewPCG(1, 1)), "t")), []string{
			"POST /g HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer t\r\n", `{"query":"mutation M2 { a(b: \"c\") }","operationName":"M2",`,
			`"variables":{"id":"prd000000001007","o":"own000000000007","p":`,
		}},
		{"REST, query", string(rest.request("Q1", 7, 1007, rand.New(rand.NewPCG(1, 1)), "t")), []string{
			"GET /api/collections/product/records/prd000000001007 HTTP/1.1\r\nHost: h:1\r\nAuthorization: t\r\n",
		}},
		{"REST, mutation", string(rest.request("M2", 7, 1007, rand.New(rand.NewPCG(1, 1)), "t")), []string{
			"PATCH /api/collections/product/records/prd000000001007 HTTP/1.1\r\n", `{"price":`,
		}},
	} {
		for _, want := range tt.want {
			if !strings.Contains(tt.got, want) {
				t.Errorf("%s: no %q in %q", tt.name, want, tt.got)
			}
		}
	}
}
