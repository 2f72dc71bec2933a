package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/resolvers"
)

// doctorCommand is flora doctor.
type doctorCommand struct {
	Store               string `help:"Store to look at. Default: that of the configuration." placeholder:"STORE" flagonly:""`
	Token               string `help:"Also tell what the server makes of a token; - reads it from standard input." placeholder:"TOKEN" flagonly:""`
	Origin              string `help:"Also tell whether pages of this origin may read answers." placeholder:"ORIGIN" flagonly:""`
	JSON                bool   `name:"json" help:"Print JSON." flagonly:""`
	InsecureDevProvider bool   `help:"For tests: accept providers on loopback addresses." hidden:"" flagonly:""`

	fault error // of the configuration
}

// Help is what flora doctor --help adds.
func (doctorCommand) Help() string {
	return `Looks at what flora serve would run with: the configuration, each provider's discovery document, keys and clock, the ` +
		`store and the schema in it, CORS and addresses. One line each, OK, WARN or FAIL, and what to do. Nothing is written. ` +
		`Exit code 1 if something fails.

  flora doctor
  pbpaste | flora doctor --token -          what the server makes of a token, and why it refuses it
  flora doctor --origin https://app.example.com

A token is verified as the server does. Neither it nor anything secret is printed.`
}

// The words for how grave a finding is.
const (
	fine   = "OK"
	doubt  = "WARN"
	broken = "FAIL"
)

// finding is one line of the doctor's report.
type finding struct {
	Status  string `json:"status"`
	Check   string `json:"check"`
	Message string `json:"message"`
	Do      string `json:"do,omitempty"` // what would help
}

// findings are what the doctor found.
type findings struct{ list []finding }

func (r *findings) ok(check, format string, args ...any) { r.add(fine, check, "", format, args...) }
func (r *findings) warn(check, do, format string, args ...any) {
	r.add(doubt, check, do, format, args...)
}
func (r *findings) fail(check, do, format string, args ...any) {
	r.add(broken, check, do, format, args...)
}

func (r *findings) add(status, check, do, format string, args ...any) {
	r.list = append(r.list, finding{status, check, strings.Map(harmless, fmt.Sprintf(format, args...)), do})
}

// harmless keeps what others wrote from steering a terminal.
func harmless(c rune) rune {
	if c < ' ' || c >= 0x7f && c < 0xa0 || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
		return '?'
	}
	return c
}

func (r *findings) print(w io.Writer) {
	for _, f := range r.list {
		fmt.Fprintf(w, "%-4s  %s: %s\n", f.Status, f.Check, f.Message)
		if f.Do != "" {
			fmt.Fprintf(w, "      %s\n", f.Do)
		}
	}
}

// Run looks at everything and tells.
func (c *doctorCommand) Run(a *app) error {
	r := &findings{}
	c.examine(a, r)
	if c.JSON {
		e := json.NewEncoder(a.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(r.list); err != nil {
			return fmt.Errorf("print report: %w", err)
		}
	} else {
		r.print(a.stdout)
	}
	for _, f := range r.list {
		if f.Status == broken {
			return errReported
		}
	}
	return nil
}

func (c *doctorCommand) examine(a *app, r *findings) {
	if c.fault != nil {
		for text := range strings.SplitSeq(c.fault.Error(), "\n") {
			r.fail("configuration", "", "%s", text)
		}
		return
	}
	c.configuration(a, r)
	d := &diagnosis{app: a, findings: r, clock: newSkewed()}
	d.open(c.Store)
	defer d.close()
	if d.verifiers(c.InsecureDevProvider) {
		d.providers()
	}
	if c.Token != "" {
		d.token(c.Token, os.Stdin)
	}
}

// configuration looks at what needs neither network nor store.
func (c *doctorCommand) configuration(a *app, r *findings) {
	if _, err := os.Stat(a.config.file); err == nil {
		r.ok("configuration", "%s and the environment are sound", a.config.file)
	} else {
		r.ok("configuration", "there is no %s; the environment is sound", a.config.file)
	}
	address := (&serveCommand{Listen: a.config.Listen}).address(a)
	hosted := a.getenv("K_SERVICE") != ""
	host, _, _ := strings.Cut(address, ":")
	switch {
	case hosted && (host == "127.0.0.1" || host == "localhost"):
		r.fail("address", "leave out listen: the server then uses PORT on all addresses", "Cloud Run cannot reach %s", address)
	case hosted && a.getenv("PORT") != "" && !strings.HasSuffix(address, ":"+a.getenv("PORT")):
		r.fail("address", "leave out listen: the server then uses PORT on all addresses", "Cloud Run sends requests to port %s, not to %s", a.getenv("PORT"), address)
	default:
		r.ok("address", "the data API listens on %s", address)
	}
	if hosted && a.config.TrustedProxies == 0 {
		r.warn("address", "set trustedProxies: 1", "Cloud Run is a proxy in front, and none is trusted: callers without a token are not counted by address")
	}
	if a.config.Admin == nil {
		r.ok("control API", "off")
	} else {
		r.ok("control API", "listens on %s, for tokens with the audience %s", a.config.Admin.Listen, a.config.Admin.Audience)
	}
	c.origins(a, r)
}

func (c *doctorCommand) origins(a *app, r *findings) {
	list := a.config.CORS.Origins
	if len(list) == 0 {
		r.warn("CORS", "list the origins of your pages: cors: { origins: [...] }", "no origin is allowed, so no page in a browser can read an answer")
	}
	for _, origin := range list {
		switch {
		case strings.Contains(origin, "://localhost") || strings.Contains(origin, "://127.0.0.1") || strings.Contains(origin, "://[::1]"):
			r.warn("CORS", "keep such origins in the configuration of flora dev", "%s: whatever runs on a visitor's own machine may read answers with the visitor's token", origin)
		case strings.HasPrefix(origin, "http://"):
			r.warn("CORS", "serve the page over https", "%s: whoever is on the way can change the page", origin)
		default:
			r.ok("CORS", "%s", origin)
		}
	}
	if c.Origin == "" {
		return
	}
	if match := a.config.origins.Match(c.Origin); match != "" {
		r.ok("origin", "%s is allowed by %s", c.Origin, match)
		return
	}
	do := "add it to cors: { origins: [...] }"
	if strings.HasSuffix(c.Origin, "/") && a.config.origins.Match(strings.TrimSuffix(c.Origin, "/")) != "" {
		do = "browsers send it without the slash at the end"
	}
	r.fail("origin", do, "%s is not allowed: a page there sees a network error", c.Origin)
}

// diagnosis is what the parts of an examination share.
type diagnosis struct {
	app *app
	*findings
	clock *skewed
	deployment
	resolvers *resolvers.Resolvers // nil without a store
	data      *auth.Verifier
	admin     *auth.Verifier // nil without a control API
}

// verifiers makes the verifiers that the server would. It is false if it would not.
func (d *diagnosis) verifiers(insecure bool) bool {
	data, admin := d.app.config.access()
	if len(data) == 0 {
		d.fail("providers", "name at least one under providers:", "there is no access provider, flora serve does not start")
		return false
	}
	if err := d.app.config.refuseDev(data, insecure); err != nil {
		for text := range strings.SplitSeq(err.Error(), "\n") {
			d.fail("providers", "flora serve refuses it", "%s", text)
		}
		return false
	}
	options := auth.Options{
		Logger: slog.New(slog.DiscardHandler), InsecureLoopback: insecure, HTTPClient: &http.Client{Transport: d.clock},
		Revocations: d.revocations(),
	}
	var err error
	if d.data, err = auth.NewVerifier(data, options); err == nil && len(admin) > 0 {
		d.admin, err = auth.NewVerifier(admin, options)
	}
	if err != nil {
		d.fail("providers", "", "%s", line(err))
		return false
	}
	return true
}

// bounded bounds one step of an examination.
func (d *diagnosis) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(d.app.ctx, 10*time.Second)
}

// errNoToken says that standard input had none.
var errNoToken = errors.New("standard input holds no token")
