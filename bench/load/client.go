// Package load asks a server the same thing again and again, and counts.
package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client is a keep-alive connection. It reads what servers answer to POST and
// GET and no more: the time of net/http's client would hide theirs.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

const patience = 30 * time.Second

func dial(address string) (*client, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return &client{conn: c, in: bufio.NewReaderSize(c, 32<<10)}, nil
}

// Once sends a request on a connection of its own.
func Once(address string, request []byte) (status int, body []byte, err error) {
	c, err := dial(address)
	if err != nil {
		return 0, nil, err
	}
	defer c.conn.Close()
	return c.do(request)
}

var errHeader = errors.New("answer is not HTTP/1.1")

// do sends a request; the body is good until the next.
func (c *client) do(request []byte) (status int, body []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) || len(line) < 12 {
		return 0, nil, errHeader
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, errHeader
	}
	length, chunked, err := c.header()
	if err != nil {
		return status, nil, err
	}
	c.body = c.body[:0]
	if !chunked {
		err := c.read(length)
		return status, c.body, err
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return status, nil, err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return status, nil, fmt.Errorf("read chunk: %w", err)
		}
		if err := c.read(int(n)); err != nil {
			return status, nil, err
		}
		if _, err := c.in.Discard(len("\r\n")); err != nil || n == 0 {
			return status, c.body, err
		}
	}
}

// header reads to its end and tells how the body comes.
func (c *client) header() (length int, chunked bool, err error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return length, chunked, nil
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		switch {
		case len(name) == len("Content-Length") && bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, false, errHeader
			}
		case len(name) == len("Transfer-Encoding") && bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

// read appends n bytes to the body.
func (c *client) read(n int) error {
	start := len(c.body)
	if need := start + n; need > cap(c.body) {
		c.body = append(make([]byte, 0, 2*need), c.body...)
	}
	c.body = c.body[:start+n]
	_, err := io.ReadFull(c.in, c.body[start:])
	return err
}
