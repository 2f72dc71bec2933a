package emulator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// supervisor runs the emulator until its own standard input ends. The test
// binary holds the other end of it, so the emulator ends with the binary
// however that ends: exit, panic, time-out, interrupt or kill.
const supervisor = `trap '' INT TERM HUP
"$0" "$@" & pid=$!
exec >/dev/null 2>&1
read -r line
kill -9 $pid
wait $pid`

// announced precedes the address in the emulator's log.
const announced = "Server address: "

// process is a running emulator. Its fields keep the pipes open.
type process struct {
	host  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// start runs the emulator at path on a free loopback port and waits until it
// listens.
func start(path string) (*process, error) {
	p := &process{cmd: exec.Command("sh", "-c", supervisor, path, "--host_port=127.0.0.1:0")}
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	w.Close()

	host := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, addr, ok := strings.Cut(lines.Text(), announced); ok {
				host <- strings.TrimSpace(addr)
				break
			}
		}
		close(host)
		io.Copy(io.Discard, out) // a full pipe would stop the emulator
	}()
	select {
	case p.host = <-host:
		if p.host == "" {
			err = errors.New("it ended")
		}
	case <-time.After(10 * time.Second):
		err = errors.New("it does not answer")
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return p, nil
}

// stop ends the emulator and waits for it.
func (p *process) stop() {
	p.stdin.Close()
	p.cmd.Wait()
}
