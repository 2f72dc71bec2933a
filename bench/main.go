// Command bench compares Flora under load with a handler written by hand and
// with other backends. README.md says how.
package main

import (
	"github.com/alecthomas/kong"
)

type command struct {
	Run    runCommand    `cmd:"" default:"withargs" help:"Compare: build Flora, make the data, run all rounds, write table and plot."`
	Report reportCommand `cmd:"" help:"Write table and plot of results that are there."`
	Data   dataCommand   `cmd:"" help:"Make the documents, the tokens and the stores."`
	Raw    rawCommand    `cmd:"" help:"Serve the handler written by hand."`
	Load   loadCommand   `cmd:"" help:"Put one operation's load on a server that runs."`
}

func main() {
	ctx := kong.Parse(&command{}, kong.Name("bench"))
	ctx.FatalIfErrorf(ctx.Run())
}
