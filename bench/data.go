package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"flora.dev/flora/bench/raw"
	"flora.dev/flora/bench/workload"
)

// Files in the folder of the data.
const (
	keySetFile = "jwks.json"
	tokensFile = "tokens.tsv"
	linesDir   = "lines"
	floraStore = "flora.db"
	rawStore   = "raw.db"
	configFile = "flora.yaml"
)

// config is Flora's for the comparison: no limits of one caller, and no line in
// the log for each request, which the handler written by hand does not write
// either.
const config = `providers:
  - { name: bench, issuer: "` + workload.Issuer + `", audience: "` + workload.Audience + `", jwks: ` + keySetFile + ` }
limits: { rate: off, concurrent: off }
log: warn
`

type dataCommand struct {
	Dir    string `arg:"" help:"Folder to write to."`
	Flora  string `default:"flora" help:"Binary of Flora."`
	Schema string `default:"schema.graphql" help:"Schema to deploy."`
}

func (c *dataCommand) Run() error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(c.Dir, name) }
	if err := os.WriteFile(in(configFile), []byte(config), 0o644); err != nil {
		return err
	}
	if err := workload.WriteLines(in(linesDir)); err != nil {
		return err
	}
	if err := raw.Create(in(rawStore), workload.AllProducts()); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		os.Remove(in(floraStore) + suffix)
	}
	store := "sqlite:" + in(floraStore)
	for _, args := range [][]string{{"deploy", c.Schema, "--store", store}, {"import", in(linesDir), "--store", store}} {
		cmd := exec.Command(c.Flora, args...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("flora %s: %w", args[0], err)
		}
	}
	return workload.WriteTokens(in(keySetFile), in(tokensFile))
}

type rawCommand struct {
	Listen      string `default:"127.0.0.1:8081" help:"Address to serve on."`
	Store       string `required:"" help:"Store, as bench data made it."`
	KeySet      string `required:"" help:"Key set of the tokens."`
	Synchronous string `default:"FULL" enum:"NORMAL,FULL" help:"How durable a write is."`
	Constant    bool   `help:"Answer nothing, and look at nothing: what net/http takes."`
}

func (c *rawCommand) Run() error {
	if c.Constant {
		return http.ListenAndServe(c.Listen, raw.Constant())
	}
	h, err := raw.New(raw.Options{Store: c.Store, KeySet: c.KeySet, Synchronous: c.Synchronous})
	if err != nil {
		return err
	}
	return http.ListenAndServe(c.Listen, h)
}
