package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/resolvers"
)

// stage is a part of a token's way, with the codes of its refusal there.
type stage struct {
	name  string
	codes []string
	what  string // that holds where the token passed
}

// stages are in the order in which the verifier goes.
var stages = []stage{
	{"token form", []string{auth.CodeTooLarge, auth.CodeOpaque, auth.CodeEncrypted, auth.CodeMalformed}, "it is a signed JWT"},
	{"token header", []string{auth.CodeHeader, auth.CodeType}, "its header is accepted"},
	{"token issuer", []string{auth.CodeIssuer}, "its issuer is known"},
	{"token algorithm", []string{auth.CodeAlgorithm}, "its algorithm is accepted"},
	{"token key", []string{auth.CodeKey}, "the issuer publishes its key"},
	{"token signature", []string{auth.CodeSignature}, "its signature holds"},
	{"token kind", []string{auth.CodeIDToken, auth.CodeBoundToken}, "it is of a kind that is sent to an API"},
	{"token audience", []string{auth.CodeAudience}, "its audience is this API"},
	{"token claims", []string{auth.CodeSubject, auth.CodeClaim}, "its subject and times are well formed"},
	{"token time", []string{auth.CodeExpired, auth.CodeNotYet}, "it is valid now"},
	{"token revocation", []string{auth.CodeRevoked, auth.CodeIssuedBefore}, "it is not withdrawn"},
}

// token tells what the server makes of a token.
func (d *diagnosis) token(text string, stdin io.Reader) {
	text, err := readToken(text, stdin)
	if err != nil {
		d.fail("token", "", "%v", err)
		return
	}
	if d.data == nil {
		d.fail("token", "", "it cannot be judged without access providers")
		return
	}
	ctx, cancel := d.bounded()
	defer cancel()
	in, api := d.data.Inspect(ctx, text), "data API"
	if d.admin != nil && in.Rejection != nil && in.Rejection.Code == auth.CodeAudience {
		if other := d.admin.Inspect(ctx, text); other.Rejection == nil || other.Rejection.Code != auth.CodeAudience {
			in, api = other, "control API"
		}
	}
	d.describe(in)
	switch {
	case in.Err != nil:
		d.fail("token", "the server answers 503", "it cannot be judged: %s", line(in.Err))
	case in.Rejection != nil:
		d.refused(in)
	default:
		d.walk(len(stages))
		d.ok("token", "the %s accepts it", api)
		d.caller(in.Identity, api)
	}
}

// readToken takes a token as it is given, with or without its scheme.
func readToken(text string, stdin io.Reader) (string, error) {
	if text == "-" {
		read, err := io.ReadAll(io.LimitReader(stdin, 64<<10))
		if err != nil {
			return "", errors.New("standard input cannot be read")
		}
		text = string(read)
	}
	text = strings.TrimSpace(text)
	if scheme, rest, found := strings.Cut(text, " "); found && strings.EqualFold(scheme, "bearer") {
		text = strings.TrimSpace(rest)
	}
	if text == "" {
		return "", errNoToken
	}
	return text, nil
}

// describe tells what is written in the token, true or not.
func (d *diagnosis) describe(in auth.Inspection) {
	if in.Header == nil || in.Claims == nil {
		return
	}
	d.ok("token says", "alg %s, kid %s, iss %s, aud %s", said(in.Header["alg"]), said(in.Header["kid"]), said(in.Claims["iss"]), said(in.Claims["aud"]))
	for _, name := range []string{"iat", "nbf", "exp"} {
		if at, ok := timeOf(in.Claims[name]); ok {
			d.ok("token says", "%s %s, %s", name, at.UTC().Format(time.RFC3339), relative(time.Until(at)))
		}
	}
	d.ok("token says", "claims %s", strings.Join(slices.Sorted(maps.Keys(in.Claims)), ", "))
}

// said is a value of a token, cut short.
func said(v any) string {
	if v == nil {
		return "none"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	if len(text) > 200 {
		return strings.ToValidUTF8(string(text[:200]), "") + "..."
	}
	return string(text)
}

func timeOf(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || f < 0 || f > 1e12 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

// relative says how far off a time is.
func relative(until time.Duration) string {
	if until < 0 {
		return duration(-until) + " ago"
	}
	return "in " + duration(until)
}

func duration(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d seconds", int(d.Seconds()))
}

// walk tells the first n stages, which the token passed.
func (d *diagnosis) walk(n int) {
	for _, s := range stages[:n] {
		d.ok(s.name, "%s", s.what)
	}
}

// refused tells why and what would help.
func (d *diagnosis) refused(in auth.Inspection) {
	r := in.Rejection
	at := slices.IndexFunc(stages, func(s stage) bool { return slices.Contains(s.codes, r.Code) })
	if r.Code == auth.CodeAlgorithm && said(in.Header["alg"]) == "none" { // judged with the header
		at = 1
	}
	check := "token"
	if at >= 0 {
		d.walk(at)
		check = stages[at].name
	}
	d.fail(check, d.remedy(in), "refused with %s: %s", r.Code, r.Description)
}

// remedy is what to change so that a token of the kind is accepted.
func (d *diagnosis) remedy(in auth.Inspection) string {
	expected := ""
	if in.Provider != nil {
		expected = in.Provider.Audience
	}
	switch in.Rejection.Code {
	case auth.CodeOpaque, auth.CodeEncrypted:
		return "pass the audience of the API to the SDK, with Auth0 authorizationParams: { audience: ... }: without one it gives tokens that only it can read"
	case auth.CodeIssuer:
		var known []string
		data, _ := d.app.config.access()
		for _, p := range data {
			known = append(known, p.Issuer)
		}
		return "the configured issuers are " + strings.Join(known, ", ")
	case auth.CodeAlgorithm:
		return "add it to the algorithms of the provider if it is what the provider signs with; HS256 and none are never accepted"
	case auth.CodeKey:
		return "is the token of this tenant? The keys that it publishes are above"
	case auth.CodeSignature:
		return "the token was changed on its way, or cut off"
	case auth.CodeIDToken:
		return "send the access token, with the Auth0 SDK that of getTokenSilently()"
	case auth.CodeAudience:
		return "ask the provider for a token with the audience " + expected + ", or correct audience: in the configuration"
	case auth.CodeExpired:
		if at, ok := timeOf(in.Claims["exp"]); ok {
			return "it expired " + relative(time.Until(at)) + ": get a new one, the SDK does so by itself"
		}
	case auth.CodeNotYet:
		return "wait, or set the clocks: the server allows for 30 s"
	case auth.CodeRevoked, auth.CodeIssuedBefore:
		return "the caller must log in again, unless who is denied is restored through the control API"
	case auth.CodeBoundToken:
		return "ask the provider for a token that is not bound to a key (DPoP)"
	case auth.CodeSubject:
		return "the subject is who the caller is: the provider must give one of its own kind"
	}
	return ""
}

// caller tells what rules make of an accepted token.
func (d *diagnosis) caller(id *auth.Identity, api string) {
	kind := ""
	if id.Claims["gty"] == "client-credentials" && strings.HasSuffix(id.Subject, "@clients") {
		kind = ", a machine"
	}
	d.ok("caller", "CurrentIdentity() is %q, from provider %s%s", id.ID, id.Provider, kind)
	r := d.resolvers
	if r == nil {
		var err error
		if r, err = resolvers.New(nil, make([]byte, 32), resolvers.Options{Grants: d.app.config.grants()}); err != nil {
			d.fail("caller", "", "%s", line(err))
			return
		}
	}
	ctx, cancel := d.bounded()
	defer cancel()
	who, err := r.Who(ctx, d.version, id)
	if err != nil {
		d.fail("caller", "", "%s", line(err))
		return
	}
	d.roles(who, api)
	for _, u := range who.Users {
		switch {
		case u.ID != "":
			d.ok("caller", "CurrentUser() is %s/%s, by %s", u.Collection, u.ID, u.Claim)
		case u.Link != "":
			d.warn("caller", "create it, or have the client do so on the first visit", "there is no %s with %q, so CurrentUser() is null there", u.Collection, u.Link)
		default:
			d.warn("caller", "name the claim under vouches: of the provider if the provider answers for it", "the claim %s links no %s, so CurrentUser() is null there", u.Claim, u.Collection)
		}
	}
}

func (d *diagnosis) roles(who *resolvers.Who, api string) {
	var data, control []string
	for _, name := range who.Roles {
		if strings.HasPrefix(name, "flora:") {
			control = append(control, name)
		} else {
			data = append(data, name)
		}
	}
	if len(data) > 0 {
		d.ok("caller", "roles %s", strings.Join(data, ", "))
	} else {
		d.ok("caller", "no roles")
	}
	if len(who.Open) > 0 {
		d.ok("caller", "roles that depend on the caller's documents: %s", strings.Join(who.Open, ", "))
	}
	switch {
	case len(control) > 0 && api == "control API":
		d.ok("caller", "control rights %s", strings.Join(control, ", "))
	case len(control) > 0:
		d.ok("caller", "control rights %s, with a token for the control API", strings.Join(control, ", "))
	case api == "control API":
		d.warn("caller", "give the provider a role such as { name: flora:read, when: ... }", "no control rights")
	}
}
