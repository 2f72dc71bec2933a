package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(suiteRun{m}, map[string]func(){"flora": main})
}

// TestCommandLine runs the scripts under testdata/cli.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/cli", RequireExplicitExec: true, Cmds: providerCommands(t)})
}

// program is flora running inside the test.
type program struct {
	t    *testing.T
	end  context.CancelFunc
	code chan int
	out  *console // stdout
	err  *console // stderr
}

// console keeps what was printed and lets a test wait for a line.
type console struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
	logs  bool // what is written here counts as a log
}

func newConsole() *console { return &console{grown: make(chan struct{})} }

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.grown)
	c.grown = make(chan struct{})
	if c.logs {
		suite.Write(b)
	}
	return c.text.Write(b)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits until the text matches and returns the submatches.
func (p *program) await(c *console, pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(20 * time.Second)
	for {
		c.mu.Lock()
		found, grown := re.FindStringSubmatch(c.text.String()), c.grown
		c.mu.Unlock()
		if found != nil {
			return found
		}
		select {
		case <-grown:
		case code := <-p.code:
			p.code <- code
			p.t.Fatalf("ended with %d before %q\n%s%s", code, pattern, p.out, p.err)
		case <-deadline:
			p.t.Fatalf("no %q in\n%s%s", pattern, p.out, p.err)
		}
	}
}

func start(t *testing.T, env map[string]string, args ...string) *program {
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{t: t, end: cancel, code: make(chan int, 1), out: newConsole(), err: newConsole()}
	p.err.logs = true
	go func() {
		p.code <- run(ctx, args, environ(env), p.out, p.err)
	}()
	t.Cleanup(func() { p.stop() })
	return p
}

// environ writes an environment as os.Environ does.
func environ(env map[string]string) (lines []string) {
	for name, value := range env {
		lines = append(lines, name+"="+value)
	}
	return lines
}

// stop ends the program as a signal does and returns its exit code.
func (p *program) stop() int {
	p.end()
	code := <-p.code
	p.code <- code
	return code
}

// wait returns the exit code of a program that ends by itself.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case code := <-p.code:
		p.code <- code
		return code
	case <-time.After(20 * time.Second):
		p.t.Fatalf("still running\n%s%s", p.out, p.err)
		return -1
	}
}

// dev starts flora dev and waits until it serves.
func dev(t *testing.T, args ...string) (p *program, base string) {
	t.Helper()
	p = start(t, nil, append([]string{"dev", "--listen", "127.0.0.1:0"}, args...)...)
	base = p.await(p.out, `playground  (http://\S+)/\n(?s:.*)Ctrl-C stops`)[1]
	return p, base
}

// ask sends an operation and returns the body of the answer.
func ask(t *testing.T, base, token, query string) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	r, err := http.NewRequestWithContext(t.Context(), "POST", base+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return send(t, r)
}

func send(t *testing.T, r *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mint runs flora token.
func mint(t *testing.T, dataDir, sub string, args ...string) string {
	t.Helper()
	p := start(t, nil, append([]string{"token", "--data-dir", dataDir, "--sub", sub}, args...)...)
	if code := p.wait(); code != 0 {
		t.Fatalf("token: %d %s", code, p.err)
	}
	return strings.TrimSpace(p.out.String())
}

// write makes a file in dir.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// examples are the curl lines that flora dev prints: token and body.
func examples(out string) (list [][2]string) {
	line := regexp.MustCompile(`^curl -s \S+/graphql -H 'Content-Type: application/json'(?: -H 'Authorization: Bearer (\S+)')? -d '([^']*)'$`)
	for s := bufio.NewScanner(strings.NewReader(out)); s.Scan(); {
		if m := line.FindStringSubmatch(s.Text()); m != nil {
			list = append(list, [2]string{m[1], m[2]})
		}
	}
	return list
}
