package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

// peer is a server to compare, as a file of peers describes it. In its texts
// $H is the folder of the peers.
type peer struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`   // "graphql", or "pocketbase"
	Address  string            `json:"addr"`   // HOST:PORT on this machine
	Path     string            `json:"path"`   // of its GraphQL
	Tokens   string            `json:"tokens"` // file of "owner, tab, token"
	Pre      string            `json:"pre"`    // commands before the start: a fresh copy of the data
	Start    string            `json:"start"`  // command of the server
	Post     string            `json:"post"`   // commands after its end
	Dir      string            `json:"dir"`    // where they run
	Env      []string          `json:"env"`
	PIDFile  string            `json:"pidfile"` // of a database server beside it
	Queries  map[string]string `json:"queries"` // GraphQL by operation
	Vars     map[string]string `json:"vars"`    // JSON by operation, see workload.Document
	Constant bool              `json:"no_check"`

	exact  bool // answers as workload.Documents say, so every value is compared
	tokens []string
}

func readPeers(file, dir string) ([]*peer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	var peers []*peer
	if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("$H"), []byte(dir)), &peers); err != nil {
		return nil, fmt.Errorf("read peers: %w", err)
	}
	for _, p := range peers {
		if p.tokens, err = workload.ReadTokens(p.Tokens); err != nil {
			return nil, fmt.Errorf("peer %s: %w", p.Name, err)
		}
	}
	return peers, nil
}

// request is a whole request about one of the owner's products.
func (p *peer) request(operation string, owner, product int, r *rand.Rand, token string) []byte {
	if p.Kind == "pocketbase" {
		return pocketBase(p.Address, operation, owner, product, r, token)
	}
	d := workload.Document{Query: p.Queries[operation], Variables: p.Vars[operation]}
	return wire("POST", p.Address, p.Path, "Bearer "+token, d.Body(operation, owner, product, r))
}

// requests are those of each connection, made before they are sent.
func (p *peer) requests(operation string, connections int, seed uint64) [][][]byte {
	const each = 512
	all := make([][][]byte, connections)
	for i := range all {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for range each {
			owner := r.IntN(workload.Owners)
			all[i] = append(all[i], p.request(operation, owner, workload.ProductOf(owner, r.IntN(workload.PerOwner)), r, p.tokens[owner]))
		}
	}
	return all
}

// wire is a request as it is sent.
func wire(method, address, path, authorization string, body []byte) []byte {
	out := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nAccept: application/json\r\n", method, path, address, authorization)
	if body != nil {
		out = fmt.Appendf(out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return append(append(out, "\r\n"...), body...)
}

// server is a peer that runs.
type server struct {
	*peer
	cmd       *exec.Cmd
	ended     chan struct{} // closed when the process has
	processes []int         // roots of what is counted
	started   time.Duration // until the first answer
	idle      float64       // MiB resident after it
}

var errStart = errors.New("no answer within a minute")

// start starts a peer on fresh data and waits for its first answer.
func (p *peer) start(log string) (s *server, err error) {
	if c, err := net.Dial("tcp", p.Address); err == nil {
		c.Close()
		return nil, fmt.Errorf("start %s: something else listens on %s", p.Name, p.Address)
	}
	if err := p.shell(p.Pre); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command("sh", "-c", "exec "+p.Start)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Dir, append(os.Environ(), p.Env...), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	s = &server{peer: p, cmd: cmd, ended: make(chan struct{}), processes: []int{cmd.Process.Pid}}
	go func() {
		defer close(s.ended)
		cmd.Wait() // how a server ends that was told to is its own affair
	}()
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	request := p.request("Q1", 0, workload.ProductOf(0, 0), rand.New(rand.NewPCG(0, 0)), p.tokens[0])
	for {
		status, body, err := load.Once(p.Address, request)
		if err == nil && status == 200 && !bytes.Contains(body, []byte(`"errors"`)) {
			break
		}
		if time.Since(began) > time.Minute {
			return s, fmt.Errorf("start %s: %w: %d %.300s %v", p.Name, errStart, status, body, err)
		}
		select {
		case <-s.ended:
			return s, fmt.Errorf("start %s: it ended, %s may say why", p.Name, log)
		case <-time.After(time.Millisecond):
		}
	}
	s.started = time.Since(began)
	if p.PIDFile != "" {
		text, err := os.ReadFile(p.PIDFile)
		if err != nil {
			return s, err
		}
		first, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(first))
		if err != nil {
			return s, fmt.Errorf("read %s: %w", p.PIDFile, err)
		}
		s.processes = append(s.processes, pid)
	}
	s.idle, _ = load.Memory(load.Tree(s.processes...))
	return s, nil
}

// stop ends what start started.
func (s *server) stop() error {
	group := -s.cmd.Process.Pid // of its own, by Setpgid
	if err := syscall.Kill(group, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop %s: %w", s.Name, err)
	}
	select {
	case <-s.ended:
	case <-time.After(15 * time.Second):
		syscall.Kill(group, syscall.SIGKILL)
		<-s.ended
	}
	return s.shell(s.Post)
}

func (p *peer) shell(commands string) error {
	if commands == "" {
		return nil
	}
	cmd := exec.Command("sh", "-c", commands)
	cmd.Dir = p.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("prepare %s: %w: %.500s", p.Name, err, out)
	}
	return nil
}
