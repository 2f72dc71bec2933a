package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"flora.dev/flora/store"
)

// follow names a request to the store and counts how often it goes there.
func follow(ctx context.Context, requestID string) (context.Context, func() int) {
	m := &store.Meter{Tag: "request=" + requestID}
	return store.WithMeter(ctx, m), m.Trips
}

// logKey derives the key of the hashes of subjects in logs from the secret of
// the deployment: all instances write one name for one person.
func logKey(secret []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "flora log 1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive key of the log: %w", err)
	}
	return key, nil
}
