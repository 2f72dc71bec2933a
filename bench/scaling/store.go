package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

type object = map[string]any

// documentsOf gives documents to write: it calls add for each, by collection.
type documentsOf func(add func(collection string, document object))

// sqlite makes a store with a schema and documents, or finds the one that an
// earlier run made from the same schema.
func (r *run) sqlite(name, sdl string, documents documentsOf) (string, error) {
	sum := sha256.Sum256([]byte(sdl))
	path := filepath.Join(r.dir, fmt.Sprintf("%s-%x.db", name, sum[:4]))
	if _, err := os.Stat(path); err == nil {
		return "sqlite:" + path, nil
	}
	making := path + ".new" // an interrupted one is not taken for a whole one
	if err := remove(making); err != nil {
		return "", err
	}
	if err := r.fill("sqlite:"+making, sdl, documents); err != nil {
		return "", err
	}
	return "sqlite:" + path, os.Rename(making, path)
}

// fill deploys a schema and imports documents.
func (r *run) fill(store, sdl string, documents documentsOf, env ...string) error {
	dir, err := os.MkdirTemp(r.dir, "lines")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	schema := filepath.Join(dir, "schema.graphql")
	if err := os.WriteFile(schema, []byte(sdl), 0o644); err != nil {
		return err
	}
	if err := r.command(env, "deploy", schema, "--store", store); err != nil {
		return err
	}
	if err := writeLines(filepath.Join(dir, "documents"), documents); err != nil {
		return err
	}
	return r.command(env, "import", filepath.Join(dir, "documents"), "--store", store)
}

// writeLines writes documents as flora import reads them.
func writeLines(dir string, documents documentsOf) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	type file struct {
		*os.File
		*bufio.Writer
	}
	files := map[string]file{}
	var failed error
	documents(func(collection string, document object) {
		w, open := files[collection]
		if !open {
			f, err := os.Create(filepath.Join(dir, collection+".jsonl"))
			failed = errors.Join(failed, err)
			w = file{f, bufio.NewWriter(f)}
			files[collection] = w
		}
		if failed == nil {
			failed = json.NewEncoder(w.Writer).Encode(document)
		}
	})
	for _, w := range files {
		failed = errors.Join(failed, w.Flush(), w.Close())
	}
	if failed != nil {
		return fmt.Errorf("write documents: %w", failed)
	}
	return nil
}

// copyOf copies a store that no server has open, for what changes it.
func (r *run) copyOf(store, name string) (string, error) {
	from, err := os.Open(store[len("sqlite:"):])
	if err != nil {
		return "", err
	}
	defer from.Close()
	path := filepath.Join(r.dir, name+".db")
	if err := remove(path); err != nil {
		return "", err
	}
	to, err := os.Create(path)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	return "sqlite:" + path, errors.Join(err, to.Sync(), to.Close())
}

// remove removes a SQLite store with the files beside it.
func remove(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// day is the time of the n-th document.
func day(n int) string {
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n*7919%31_000_000) * time.Second).Format(time.RFC3339)
}
