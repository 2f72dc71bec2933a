// Command flora serves a guarded GraphQL API for one schema file that carries
// its own access rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Unless the environment says otherwise: a request leaves garbage, hardly anything
// stays, and the little that does may take four times its room. So little is soon
// collected again, and again; ballast, which is never touched and so takes no memory,
// counts as what stays.
const (
	collect = 300      // GOGC
	ballast = 12 << 20 // bytes
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collect)
		stays := make([]byte, ballast)
		defer runtime.KeepAlive(stays)
	}
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		end()
		<-signals
		fmt.Fprintln(os.Stderr, "flora: ended at once by a second signal")
		os.Exit(1)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// app is what every command needs of its surroundings.
type app struct {
	ctx            context.Context
	env            environment
	stdout, stderr io.Writer
	config         *config
}

func (a *app) getenv(name string) string { return a.env[name] }

// commands is the command line.
type commands struct {
	Config string `help:"Configuration file. Without it flora.yaml is read if there is one." placeholder:"FILE"`

	Dev      devCommand      `cmd:"" default:"withargs" help:"Start the development server (what flora alone does)."`
	Plan     planCommand     `cmd:"" help:"Say what deploying a schema would do to data, clients and access."`
	Deploy   deployCommand   `cmd:"" help:"Check a schema, plan its deployment and apply it to a store."`
	Schema   schemaCommand   `cmd:"" help:"Print the schema that is deployed, or an earlier one."`
	Rollback rollbackCommand `cmd:"" help:"Deploy an earlier version of the schema again."`
	Serve    serveCommand    `cmd:"" help:"Start the production server for the schema deployed in a store."`
	Check    checkCommand    `cmd:"" help:"Check schemas and their rules."`
	Test     testCommand     `cmd:"" help:"Run the rule tests beside a schema."`
	Explain  explainCommand  `cmd:"" help:"Tell why a caller may do something, or may not."`
	Token    tokenCommand    `cmd:"" help:"Print a token of the local development issuer."`
	Export   exportCommand   `cmd:"" help:"Write all documents of a store as lines of JSON."`
	Import   importCommand   `cmd:"" help:"Bring documents into a store: what flora export wrote, or an export of Fauna."`
	Copy     copyCommand     `cmd:"" help:"Copy one store to another: from SQLite to Spanner, or back."`
	Doctor   doctorCommand   `cmd:"" help:"Look at configuration, providers and store, and at what the server makes of a token."`
	Backup   backupCommand   `cmd:"" help:"Copy a SQLite store while a server writes to it."`

	Version versionFlag `help:"Print the version and quit."`
}

const description = `One GraphQL schema file that carries its own access rules in, a guarded GraphQL API out.

Every flag can also be set in the environment (--data-dir as FLORA_DATA_DIR) and most in flora.yaml (as dataDir). ` +
	`The command line comes before the environment, the environment before the file.

  flora                              the demo, with data, on http://127.0.0.1:8080
  flora --schema shop.graphql        your own schema, deployed again whenever you save it
  flora check shop.graphql           all faults of the schema, as file:line:col
  flora test shop.graphql            what its rules allow, against shop.test.yaml
  flora deploy shop.graphql --store sqlite:shop.db
  flora serve --store sqlite:shop.db
  flora doctor                       what is wrong with the configuration, a provider, the store
  flora explain Product/lamp update --sub bob --store sqlite:shop.db

A STORE is sqlite:PATH, sqlite::memory: or spanner:projects/P/instances/I/databases/D.`

// errReported says that what there is to say was printed already.
var errReported = errors.New("reported")

// exited carries the exit code of a flag that ends the program (--help)
// through kong, which expects its Exit not to return.
type exited int

// run is the program; environ is its environment as lines NAME=VALUE. It returns the exit code: 0, 1 for a failure, 2 for a
// command line that makes no sense.
func run(ctx context.Context, args []string, environ []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exited:
			code = int(p)
		default:
			panic(p)
		}
	}()
	a := &app{ctx: ctx, env: newEnvironment(environ), stdout: stdout, stderr: stderr}
	parser, err := kong.New(&commands{},
		kong.Name("flora"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Resolvers(&settings{app: a}),
	)
	if err != nil {
		panic("build the command line: " + err.Error())
	}
	command, err := parser.Parse(args)
	if err != nil {
		return a.fail(err)
	}
	err = (&settings{a}).load(command) // no flag may have asked for it
	if doctor, ok := command.Selected().Target.Addr().Interface().(*doctorCommand); ok {
		doctor.fault = err // which is told
	} else if err != nil {
		return a.fail(err)
	}
	if err := command.Run(a); err != nil && !(errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return a.fail(err)
	}
	return 0
}

// fail prints an error on one line for each fault.
func (a *app) fail(err error) int {
	var parse *kong.ParseError
	var config configError
	switch {
	case errors.Is(err, errReported):
		return 1
	case errors.As(err, &config):
		fmt.Fprintln(a.stderr, config)
		return 1
	case errors.As(err, &parse):
		fmt.Fprintf(a.stderr, "flora: %s (flora --help shows what there is)\n", line(err))
		return 2
	}
	fmt.Fprintf(a.stderr, "flora: %s\n", line(err))
	return 1
}

// line makes an error one line.
func line(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(c rune) bool { return c == '\n' || c == '\r' }), "; ")
}
