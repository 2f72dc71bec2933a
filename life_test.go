package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"flora.dev/flora/web"
)

// pipes is a network without a machine, so that time can be a bubble's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// get asks over a connection of its own.
func (p *pipes) get() (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case p.conns <- far:
			return near, nil
		case <-p.closed:
			return nil, syscall.ECONNREFUSED
		}
	}}}
	res, err := client.Get("http://flora.test/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// TestDrainInTime stops a server, with the limits that are the default, while
// a request runs: it ends within the 10 s that Cloud Run leaves, whatever the
// request does.
func TestDrainInTime(t *testing.T) {
	tests := []struct {
		name    string
		request func(ctx context.Context, done <-chan bool)
		answer  string        // of the request that ran
		ended   time.Duration // after the signal, at least
		fault   string
	}{
		{"short", func(context.Context, <-chan bool) { time.Sleep(100 * time.Millisecond) }, "answer", time.Second, ""},
		{"of 5 s", func(context.Context, <-chan bool) { time.Sleep(5 * time.Second) }, "answer", 5 * time.Second, ""},
		{"that gives up when it is cut off", func(ctx context.Context, _ <-chan bool) { <-ctx.Done() }, "answer", 8500 * time.Millisecond, ""},
		{"that never ends", func(_ context.Context, done <-chan bool) { <-done }, "", 9 * time.Second, "requests were still running after 9s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, done := newPipes(), make(chan bool)
				handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					tt.request(r.Context(), done)
					io.WriteString(w, "answer")
				})
				ctx, stop := context.WithCancel(t.Context())
				result := make(chan error, 1)
				go func() {
					result <- serveUntilDone(ctx, web.DefaultLimits(), slog.New(slog.DiscardHandler), listener{network, handler})
				}()
				answer := make(chan string, 1)
				go func() {
					text, _ := network.get()
					answer <- text
				}()
				synctest.Wait()
				begun := time.Now()
				stop()
				err := <-result
				took := time.Since(begun)
				if took < tt.ended || took > min(tt.ended+time.Second, 9500*time.Millisecond) {
					t.Errorf("ended after %s, want %s", took, tt.ended)
				}
				if tt.fault == "" && err != nil || tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)) {
					t.Errorf("ended with %v, want %q", err, tt.fault)
				}
				close(done)
				if got := <-answer; got != tt.answer {
					t.Errorf("the request got %q, want %q", got, tt.answer)
				}
			})
		})
	}
}

// TestDrainDelay asks during the delay, when load balancers still send
// requests, and after it.
func TestDrainDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, release := newPipes(), make(chan bool)
		ctx, stop := context.WithCancel(t.Context())
		running := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				io.WriteString(w, "answer")
				return
			}
			<-release
		})
		result := make(chan error, 1)
		go func() {
			result <- serveUntilDone(ctx, web.DefaultLimits(), slog.New(slog.DiscardHandler), listener{network, running})
		}()
		stop()
		time.Sleep(web.DefaultLimits().DrainDelay - time.Millisecond)
		if got, err := network.get(); got != "answer" || err != nil {
			t.Errorf("during the delay: %q %v", got, err)
		}
		time.Sleep(2 * time.Millisecond)
		if got, err := network.get(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("after it: %q %v", got, err)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// process starts flora as a process of its own. stop sends SIGTERM.
func process(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	cmd := exec.Command("flora", args...) // the test binary itself, see TestMain
	cmd.Env = append(os.Environ(), env...)
	p := &program{t: t, code: make(chan int, 1), out: newConsole(), err: newConsole()}
	p.err.logs = true
	cmd.Stdout, cmd.Stderr = p.out, p.err
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.end = func() { cmd.Process.Signal(syscall.SIGTERM) }
	go func() {
		cmd.Wait()
		p.code <- cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-p.code
	})
	return p
}

// deployed writes a configuration, with a schema deployed in its store.
func deployed(t *testing.T, env map[string]string, store, more string) (config string, n *tenant) {
	t.Helper()
	dir := t.TempDir()
	n = newTenant(t, filepath.Join(dir, "keys.json"))
	schema := write(t, dir, "notes.graphql", fmt.Sprintf(notes, ""))
	config = write(t, dir, "flora.yaml", `
store: `+store+`
providers: [{ name: tenant, issuer: "https://tenant.example.com/", audience: https://api, jwks: keys.json }]
`+more)
	if p := start(t, env, "deploy", schema, "--config", config); p.wait() != 0 {
		t.Fatalf("deploy: %s", p.err)
	}
	return config, n
}

// TestTermination sends a process what Cloud Run does: PORT, and SIGTERM while
// a request is on its way.
func TestTermination(t *testing.T) {
	config, n := deployed(t, nil, "sqlite:shop.db", "limits: { drainDelay: 2s, drain: 4s }")
	free, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	p := process(t, []string{"PORT=" + port}, "serve", "--config", config)
	p.await(p.err, `"msg":"listening"`)
	base := "http://127.0.0.1:" + port

	slow, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const body = `{"query":"mutation { createNote(data: {text: \"slow\"}) { text } }"}`
	fmt.Fprintf(slow, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", n.token(t, "https://api", "ada"), len(body))
	get := func(path string) string {
		res, err := http.Get(base + path)
		if err != nil {
			return err.Error()
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return fmt.Sprint(res.StatusCode, " ", res.Close, " ", string(text))
	}
	if got := get("/readyz"); got != "200 false ready\n" {
		t.Errorf("/readyz: %q", got)
	}
	begun := time.Now()
	p.end()
	p.await(p.err, `"msg":"draining"`)
	for path, want := range map[string]string{"/readyz": "503 true not ready: draining\n", "/healthz": "200 true ok\n"} {
		if got := get(path); got != want {
			t.Errorf("%s during drain: %q, want %q", path, got, want)
		}
	}
	if got := ask(t, base, n.token(t, "https://api", "ada"), "{ notes { totalCount } }"); !strings.Contains(got, `"totalCount":0`) {
		t.Errorf("a new connection during drain: %s", got)
	}
	io.WriteString(slow, body)
	answer, err := io.ReadAll(slow) // up to the end of the connection
	if err != nil || !strings.Contains(string(answer), `"text":"slow"`) || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("the request on its way: %v %s", err, answer)
	}
	if code := p.wait(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("ended after %s", took)
	}
}

// TestSecondSignal ends a process at once that still waits for load balancers.
func TestSecondSignal(t *testing.T) {
	config, _ := deployed(t, nil, "sqlite:shop.db", "limits: { drainDelay: 1m, drain: 2m }")
	p := process(t, nil, "serve", "--config", config, "--listen", "127.0.0.1:0")
	p.await(p.err, `"msg":"listening"`)
	p.end()
	p.await(p.err, `"msg":"draining"`)
	p.end()
	if code := p.wait(); code != 1 {
		t.Errorf("exit code %d", code)
	}
}
