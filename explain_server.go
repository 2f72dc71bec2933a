package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"flora.dev/flora/graph"
)

// explainQuery asks for all that is printed.
const explainQuery = `query ($collection: String!, $id: ID, $action: Action!, $claims: String, $roles: [String!], $data: String) {
  explainAccess(collection: $collection, id: $id, action: $action, claims: $claims, roles: $roles, data: $data) {
    allowed exists
    rules { name position verdict grants { position role rule verdict clauses { text verdict residual } } }
    checks { name position path message rule verdict residual }
  }
}`

// ask puts the question to the control API of a running server.
func (c *explainCommand) ask(ctx context.Context) (*graph.AccessExplanation, error) {
	asked, err := dial(c.Server, c.Token, "flora:data")
	if err != nil {
		return nil, err
	}
	collection, id, found := strings.Cut(c.Document, "/")
	variables := map[string]any{"collection": collection, "action": strings.ToUpper(c.Action)}
	if found {
		variables["id"] = id
	}
	if c.Data != "" {
		variables["data"] = c.Data
	}
	if c.Sub != "" {
		claims, err := claimsOf(c.Claim)
		if err != nil {
			return nil, err
		}
		claims["sub"] = c.Sub
		text, err := json.Marshal(claims)
		if err != nil {
			return nil, err
		}
		variables["claims"], variables["roles"] = string(text), c.Role
	}
	var data struct {
		ExplainAccess graph.AccessExplanation
	}
	if err := asked.ask(ctx, explainQuery, variables, &data); err != nil {
		return nil, err
	}
	return &data.ExplainAccess, nil
}

// controlAPI is the address of the control API of a server. A token must not
// cross a network in the clear.
func controlAPI(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("--server %s is not a URL such as https://admin.example.com", server)
	}
	ip := net.ParseIP(u.Hostname())
	if local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback(); u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "", fmt.Errorf("--server %s must begin with https://: whoever reads the token on its way has its rights", server)
	}
	if !strings.HasSuffix(u.Path, "/admin/graphql") {
		u = u.JoinPath("admin", "graphql")
	}
	return u.String(), nil
}

// controlClient follows no redirect: the token is for that server alone.
func controlClient() *http.Client {
	return &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
