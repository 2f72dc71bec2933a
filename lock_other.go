//go:build !unix

package main

import (
	"fmt"
	"os"
)

// lockDir makes the data directory. Without a lock that ends with the process,
// the port is what keeps a second server away.
func lockDir(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	return func() {}, nil
}
