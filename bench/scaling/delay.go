package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// distance is a TCP proxy that stands for a longer way to a server: what a
// client sends arrives later by a time, whatever else is under way. A gRPC call
// waits for the server's answer once, so it takes that much longer.
type distance struct {
	listener net.Listener
	server   string
	delay    time.Duration

	mu    sync.Mutex
	conns map[net.Conn]bool // nil when closed
}

// newDistance listens on a loopback port for a server.
func newDistance(ctx context.Context, server string, delay time.Duration) (*distance, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &distance{listener: l, server: server, delay: delay, conns: map[net.Conn]bool{}}
	go d.accept()
	return d, nil
}

// address is where clients find the server.
func (d *distance) address() string { return d.listener.Addr().String() }

// close breaks all connections off.
func (d *distance) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listener.Close()
	for c := range d.conns {
		c.Close()
	}
	d.conns = nil
}

func (d *distance) accept() {
	for {
		client, err := d.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", d.server)
		if err != nil {
			client.Close()
			continue
		}
		if !d.keep(client, server) {
			return
		}
		go func() {
			late(server, client, d.delay)
			d.drop(server)
		}()
		go func() {
			io.Copy(client, server)
			d.drop(client)
		}()
	}
}

func (d *distance) keep(list ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range list {
		if d.conns == nil {
			c.Close()
			continue
		}
		d.conns[c] = true
	}
	return d.conns != nil
}

func (d *distance) drop(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.Close()
	delete(d.conns, c)
}

// late copies what it reads, each piece after the delay. Pieces do not wait
// for each other: it is a long way, not a slow one.
func late(to io.Writer, from io.Reader, delay time.Duration) error {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 1024)
	failed := make(chan struct{})
	var readError error
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if n > 0 {
				select {
				case pieces <- piece{time.Now().Add(delay), data[:n]}:
				case <-failed:
					return
				}
			}
			if err != nil {
				readError = err
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			close(failed)
			return err
		}
	}
	if errors.Is(readError, io.EOF) {
		return nil
	}
	return readError
}
