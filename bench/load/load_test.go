package load

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// request is a POST as the comparison sends it.
func request(address, body string) []byte {
	return fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
}

// TestClient: answers of known and of unknown length, one after another on one
// connection.
func TestClient(t *testing.T) {
	long := strings.Repeat("0123456789", 10_000)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		b.ReadFrom(r.Body)
		switch b.String() {
		case "chunks":
			for range 3 {
				fmt.Fprint(w, long)
				w.(http.Flusher).Flush()
			}
		case "refuse":
			http.Error(w, "no", http.StatusForbidden)
		case "long":
			w.Header().Set("Content-Length", fmt.Sprint(len(long)))
			fmt.Fprint(w, long)
		}
	}))
	defer web.Close()
	address := web.Listener.Addr().String()
	c, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for _, tt := range []struct {
		ask    string
		status int
		want   string
	}{{"chunks", 200, long + long + long}, {"long", 200, long}, {"nothing", 200, ""}, {"refuse", 403, "no\n"}, {"chunks", 200, long + long + long}} {
		status, body, err := c.do(request(address, tt.ask))
		if err != nil || status != tt.status || string(body) != tt.want {
			t.Errorf("%s: %d, %d bytes, %v", tt.ask, status, len(body), err)
		}
	}
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // of the last error
	}{
		{"good", 200, `{"data":{"a":1}}`, ""},
		{"errors", 200, `{"errors":[{"message":"x"}]}`, `200 {"errors"`},
		{"refused", 429, `{"data":{"a":1}}`, `429 {"data"`},
		{"short", 200, `{}`, `200 {}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer web.Close()
			address := web.Listener.Addr().String()
			one := [][]byte{request(address, "x")}
			o := Options{Address: address, Requests: [][][]byte{one, one}, Shortest: 10, Warm: time.Millisecond, Measure: 100 * time.Millisecond}
			got, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if got.Requests == 0 || got.Errors != 0 || got.P50 <= 0 || got.P99 < got.P50 {
					t.Errorf("%+v", got)
				}
				return
			}
			if got.Requests != 0 || got.Errors == 0 || !strings.HasPrefix(got.LastError, tt.want) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestRate: at a fixed rate no more is asked than is due, and what waits for a
// slow server counts from when it was due.
func TestRate(t *testing.T) {
	const each = 20 * time.Millisecond
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(each):
		case <-r.Context().Done():
		}
		fmt.Fprint(w, "{}")
	}))
	defer web.Close()
	address := web.Listener.Addr().String()
	run := func(rate float64) Result {
		got, err := Run(Options{Address: address, Requests: [][][]byte{{request(address, "x")}}, Measure: 400 * time.Millisecond, Rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if slow := run(10); slow.Requests > 6 || slow.Requests < 1 {
		t.Errorf("10 per second: %d in 400 ms", slow.Requests)
	}
	if fast := run(200); fast.P99 < 4*each.Seconds()*1e6 {
		t.Errorf("200 per second of a server that does 50: p99 %v us", fast.P99)
	}
}
