package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"flora.dev/flora/bench/load"
)

var errSilent = errors.New("no answer within a minute")

// server is a flora serve that runs.
type server struct {
	cmd     *exec.Cmd
	address string
	log     string
	started time.Duration // until the first answer
	idle    float64       // MiB resident after it
}

// serve starts a server on a store and waits until it answers.
func (r *run) serve(name, store string, env ...string) (*server, error) {
	address, err := freeAddress(r.ctx)
	if err != nil {
		return nil, err
	}
	s := &server{address: address, log: filepath.Join(r.dir, name+".log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.CommandContext(r.ctx, r.flora, "serve", "--store", store, "--listen", address, "--config", filepath.Join(r.dir, "flora.yaml"))
	s.cmd.Env, s.cmd.Stderr = append(os.Environ(), env...), log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start flora: %w", err)
	}
	question := request(address, r.tokens[0], []byte(`{"query":"{ __typename }"}`))
	for {
		status, body, err := load.Once(address, question)
		if err == nil && status == 200 {
			break
		}
		if time.Since(began) > time.Minute || r.ctx.Err() != nil {
			s.stop()
			return nil, fmt.Errorf("start %s: %w: %d %.300s %v, see %s", name, errSilent, status, body, err, s.log)
		}
		time.Sleep(time.Millisecond)
	}
	s.started = time.Since(began)
	s.idle, _ = load.Memory([]int{s.cmd.Process.Pid})
	return s, nil
}

// stop ends the server.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	s.cmd.Wait() // how a server ends that was told to is its own affair
}
