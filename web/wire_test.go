package web

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener hands out connections in memory, so that time can be the test's.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// wire sends bytes as they are and returns the status of each answer until
// the server closes the connection or is silent for good.
func wire(t *testing.T, s *server, text string) (statuses []int) {
	t.Helper()
	l := newPipeListener()
	h := NewServer(New(s.Options), s.Limits, slog.New(slog.DiscardHandler))
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	c := l.dial()
	written := make(chan struct{})
	go func() {
		defer close(written)
		io.Copy(c, strings.NewReader(text)) // fails where the server closes before it has read all
	}()
	answers := bufio.NewReader(c)
	for {
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			break
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			break
		}
		if strings.Contains(string(body), "SMUGGLED") || res.StatusCode == http.StatusSwitchingProtocols {
			t.Errorf("answer %d %s", res.StatusCode, body)
		}
		if res.StatusCode != http.StatusContinue {
			statuses = append(statuses, res.StatusCode)
		}
	}
	c.Close()
	<-written
	h.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	return statuses
}

// TestWire writes requests that two parsers might read differently: what comes
// behind them on the connection must not become an operation of its own
// (RFC 9112 sections 6.1 and 11.2).
func TestWire(t *testing.T) {
	const behind = "POST /graphql HTTP/1.1\r\nHost: flora.test\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"query\":\"SMUGGLED\"}"
	const head = "POST /graphql HTTP/1.1\r\nHost: flora.test\r\nContent-Type: application/json\r\n"
	const body = `{"query":"{ a }"}` // 17 bytes
	const chunks = "11\r\n" + body + "\r\n0\r\n\r\n"
	for _, test := range []struct {
		name, text string
		first      int  // status, 0: no answer
		next       bool // what is behind is a request of its own, and nobody can doubt it
	}{
		{"sound", head + "Content-Length: 17\r\n\r\n" + body, 200, true},
		{"sound, length given twice alike", head + "Content-Length: 17\r\nContent-Length: 17\r\n\r\n" + body, 200, true},

		{"chunked", head + "Transfer-Encoding: chunked\r\n\r\n" + chunks, 200, false},
		{"chunked with an extension", head + "Transfer-Encoding: chunked\r\n\r\n11;a=b\r\n" + body + "\r\n0\r\n\r\n", 200, false},
		{"chunked with trailers", head + "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n11\r\n" + body + "\r\n0\r\nAuthorization: Bearer ada\r\n\r\n", 200, false},
		{"chunked and a length", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 200, false},
		{"chunked and a length behind it", head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunks, 200, false},
		{"chunked in HTTP/1.0", "POST /graphql HTTP/1.0\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: 17\r\nTransfer-Encoding: chunked\r\n\r\n" + body, 200, false},
		{"two lengths", head + "Content-Length: 17\r\nContent-Length: 18\r\n\r\n" + body, 400, false},
		{"two lengths in one", head + "Content-Length: 17, 18\r\n\r\n" + body, 400, false},
		{"one length twice in one", head + "Content-Length: 17, 17\r\n\r\n" + body, 400, false},
		{"length +17", head + "Content-Length: +17\r\n\r\n" + body, 400, false},
		{"length -17", head + "Content-Length: -17\r\n\r\n" + body, 400, false},
		{"length 0x11", head + "Content-Length: 0x11\r\n\r\n" + body, 400, false},
		{"length 1e1", head + "Content-Length: 1e1\r\n\r\n" + body, 400, false},
		{"length 17.0", head + "Content-Length: 17.0\r\n\r\n" + body, 400, false},
		{"length empty", head + "Content-Length: \r\n\r\n" + body, 400, false},
		{"length beyond 64 bits", head + "Content-Length: 18446744073709551633\r\n\r\n" + body, 400, false},
		{"length with a space before the colon", head + "Content-Length : 17\r\n\r\n" + body, 400, false},
		{"encoding with a space before the colon", head + "Transfer-Encoding : chunked\r\n\r\n" + chunks, 400, false},
		{"encoding xchunked", head + "Transfer-Encoding: xchunked\r\n\r\n" + chunks, 501, false},
		{"encoding identity", head + "Transfer-Encoding: identity\r\n\r\n" + chunks, 501, false},
		{"encoding gzip, chunked", head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks, 501, false},
		{"encoding chunked, identity", head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks, 501, false},
		{"encoding chunked twice", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 501, false},
		{"encoding behind a vertical tab", head + "Transfer-Encoding: \vchunked\r\n\r\n" + chunks, 400, false},
		{"encoding empty", head + "Transfer-Encoding:\r\n\r\n" + chunks, 501, false},
		{"chunk size 0x11", head + "Transfer-Encoding: chunked\r\n\r\n0x11\r\n" + body + "\r\n0\r\n\r\n", 400, false},
		{"chunk size +11", head + "Transfer-Encoding: chunked\r\n\r\n+11\r\n" + body + "\r\n0\r\n\r\n", 400, false},
		{"chunk size huge", head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + body + "\r\n0\r\n\r\n", 400, false},
		{"chunk size too small", head + "Transfer-Encoding: chunked\r\n\r\n10\r\n" + body + "\r\n0\r\n\r\n", 400, false},
		{"chunks longer than a body may be", head + "Transfer-Encoding: chunked\r\n\r\n50000\r\n" + strings.Repeat("x", 0x50000) + "\r\n0\r\n\r\n", 413, false},
		{"longer than a body may be", head + "Content-Length: 600000\r\n\r\n" + strings.Repeat(behind, 3), 413, false},
		{"header line without colon", head + "nonsense\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"header line that begins with a blank", "POST /graphql HTTP/1.1\r\n Host: flora.test\r\n\r\n", 400, false},
		{"header with NUL", head + "X: a\x00b\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"header with CR", head + "X: a\rContent-Length: 3\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"header name with a blank", head + "X Y: a\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"no Host", "POST /graphql HTTP/1.1\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"two Hosts", head + "Host: evil.example\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"Host with a path", "POST /graphql HTTP/1.1\r\nHost: flora.test/x y\r\nContent-Length: 17\r\n\r\n" + body, 400, false},
		{"HTTP/0.9", "GET /graphql?query=SMUGGLED\r\n\r\n", 400, false},
		{"HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, false},
		{"HTTP/3.0", "GET /graphql?query=a HTTP/3.0\r\nHost: flora.test\r\n\r\n", 505, false},
		{"HTTP/1.10", "GET /graphql?query=a HTTP/1.10\r\nHost: flora.test\r\n\r\n", 400, false},
		{"blank in the path", "GET /graphql ?query=a HTTP/1.1\r\nHost: flora.test\r\n\r\n", 400, false},
		{"a header of 200 KiB", head + "X: " + strings.Repeat("x", 200<<10) + "\r\n\r\n", 431, false},
		{"50,000 headers", head + strings.Repeat("X: y\r\n", 50_000) + "\r\n", 431, false},
		{"a path of 200 KiB", "GET /" + strings.Repeat("x", 200<<10) + " HTTP/1.1\r\nHost: flora.test\r\n\r\n", 431, false},
		{"expects what nobody knows", head + "Expect: a-miracle\r\nContent-Length: 17\r\n\r\n" + body, 417, false},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100) + "\r\n\r\n", 400, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				statuses := wire(t, s, test.text+behind)
				if len(statuses) == 0 || statuses[0] != test.first {
					t.Errorf("answers %v, want %d first", statuses, test.first)
				}
				followed := false
				if s.who != nil {
					t.Error("a trailer names the caller")
				}
				for _, r := range s.seen {
					followed = followed || r.Query == "SMUGGLED"
				}
				if followed != test.next {
					t.Errorf("answers %v, what came behind was run: %v", statuses, followed)
				}
			})
		})
	}
}

// TestSlow lets clients be slow: none holds a connection for longer than the
// time-outs of the server.
func TestSlow(t *testing.T) {
	for _, test := range []struct {
		name, first, drip string
		most              time.Duration
	}{
		{"silent", "", "", 5 * time.Second},
		{"request line by bytes", "", "GET /" + strings.Repeat("x", 1000), 5 * time.Second},
		{"header by bytes", "POST /graphql HTTP/1.1\r\nHost: flora.test\r\n", strings.Repeat("X: y\r\n", 1000), 5 * time.Second},
		{"body by bytes", "POST /graphql HTTP/1.1\r\nHost: flora.test\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", strings.Repeat("x", 1000), 15 * time.Second},
		{"body that never comes", "POST /graphql HTTP/1.1\r\nHost: flora.test\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", "", 15 * time.Second},
		{"chunks by bytes", "POST /graphql HTTP/1.1\r\nHost: flora.test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 1000), 15 * time.Second},
		{"idle after a request", "GET /healthz HTTP/1.1\r\nHost: flora.test\r\n\r\n", "", 2 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newServer(t), newPipeListener()
				h := NewServer(New(s.Options), s.Limits, slog.New(slog.DiscardHandler))
				go h.Serve(l)
				c := l.dial()
				began := time.Now()
				dripped := make(chan struct{})
				go func() {
					defer close(dripped)
					io.WriteString(c, test.first)
					for _, b := range []byte(test.drip) {
						if _, err := c.Write([]byte{b}); err != nil {
							return
						}
						time.Sleep(time.Second)
					}
				}()
				if _, err := io.Copy(io.Discard, c); err != nil { // until the server closes
					t.Error(err)
				}
				if took := time.Since(began); took < test.most || took > test.most+2*time.Second {
					t.Errorf("closed after %s, want %s", took, test.most)
				}
				if len(s.seen) > 0 {
					t.Error("an operation was run")
				}
				c.Close()
				<-dripped
				h.Close()
			})
		})
	}
}
