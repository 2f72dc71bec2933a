package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"flora.dev/flora/schema"
	"flora.dev/flora/transfer"
)

// server is the documents behind a server, reached by its control API.
type server struct {
	url, token string
	client     *http.Client
	of         *transfer.Tables
}

func openServer(ctx context.Context, address, token string) (*server, error) {
	s, err := dial(address, token, "flora:data")
	if err != nil {
		return nil, err
	}
	var data struct{ Schema struct{ SDL string } }
	if err := s.ask(ctx, "{ schema { sdl } }", nil, &data); err != nil {
		return nil, err
	}
	model, err := schema.Load("schema.graphql", []byte(data.Schema.SDL))
	if err != nil {
		return nil, fmt.Errorf("load schema of %s: %s", address, line(err))
	}
	s.of = transfer.NewTables(model)
	return s, nil
}

// dial names the server at an address. Nothing is sent.
func dial(address, token, right string) (*server, error) {
	at, err := controlAPI(address)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, fmt.Errorf("--server needs a --token with the right %s", right)
	}
	return &server{url: at, token: token, client: controlClient()}, nil
}

func (s *server) tables() *transfer.Tables { return s.of }

func (s *server) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// pages reads page by page, each of its own time.
func (s *server) pages(ctx context.Context, f func(pageReader) error) error {
	return f(func(t *transfer.Table, after string) ([]string, string, error) {
		var data struct {
			ExportDocuments struct {
				Documents []string
				After     string
			}
		}
		variables := map[string]any{"collection": t.Name}
		if after != "" {
			variables["after"] = after
		}
		err := s.ask(ctx, "query ($collection: String!, $after: String) { exportDocuments(collection: $collection, after: $after) { documents after } }", variables, &data)
		return data.ExportDocuments.Documents, data.ExportDocuments.After, err
	})
}

// Missing asks which documents are not there.
func (s *server) Missing(ctx context.Context, t *transfer.Table, ids []string) ([]string, error) {
	var data struct{ MissingDocuments []string }
	err := s.ask(ctx, "query ($collection: String!, $ids: [ID!]!) { missingDocuments(collection: $collection, ids: $ids) }",
		map[string]any{"collection": t.Name, "ids": ids}, &data)
	return data.MissingDocuments, err
}

// Load sends rows, fewer at a time where all are too much for one request.
func (s *server) Load(ctx context.Context, rows []*transfer.Row) ([]transfer.Outcome, error) {
	lines := make([]string, len(rows))
	for i, r := range rows {
		text, err := r.Line()
		if err != nil {
			return nil, err
		}
		lines[i] = r.Table.In(text)
	}
	var data struct {
		ImportDocuments []struct{ Status, Field, Problem string }
	}
	err := s.ask(ctx, "mutation ($documents: [String!]!) { importDocuments(documents: $documents) { status field problem } }",
		map[string]any{"documents": lines}, &data)
	switch {
	case errors.Is(err, errTooLarge) && len(rows) > 1:
		first, err := s.Load(ctx, rows[:len(rows)/2])
		if err != nil {
			return nil, err
		}
		rest, err := s.Load(ctx, rows[len(rows)/2:])
		return append(first, rest...), err
	case errors.Is(err, errTooLarge):
		return []transfer.Outcome{{Status: transfer.Refused, Problem: "is larger than a request to the server may be"}}, nil
	case err != nil:
		return nil, err
	}
	status := map[string]transfer.Status{"WRITTEN": transfer.Written, "SAME": transfer.Same, "WAITING": transfer.Waiting}
	out := make([]transfer.Outcome, len(data.ImportDocuments))
	for i, o := range data.ImportDocuments {
		known, ok := status[o.Status]
		if !ok {
			known = transfer.Refused
		}
		out[i] = transfer.Outcome{Status: known, Field: o.Field, Problem: o.Problem}
	}
	return out, nil
}

var errTooLarge = errors.New("the request is larger than the server takes")

// ask sends an operation, again for as long as the server asks to wait.
func (s *server) ask(ctx context.Context, operation string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": operation, "variables": variables})
	if err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	for {
		wait, err := s.once(ctx, body, into)
		if wait == 0 {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once sends a request. wait is how long to wait before the next attempt.
func (s *server) once(ctx context.Context, body []byte, into any) (wait time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("write request: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	r.Header.Set("Authorization", "Bearer "+s.token)
	response, err := s.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", s.url, err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusRequestEntityTooLarge {
		return 0, errTooLarge
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && response.StatusCode == http.StatusTooManyRequests {
		return time.Duration(max(1, seconds)) * time.Second, nil
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	switch {
	case err != nil || answer.Data == nil && len(answer.Errors) == 0:
		return 0, fmt.Errorf("ask %s: status %d, and no answer of a control API", s.url, response.StatusCode)
	case len(answer.Errors) > 0 && answer.Errors[0].Extensions.Code == "LIMIT_EXCEEDED":
		return 0, fmt.Errorf("%w: %s", errTooLarge, answer.Errors[0].Message)
	case len(answer.Errors) > 0:
		return 0, fmt.Errorf("%s (%s)", answer.Errors[0].Message, answer.Errors[0].Extensions.Code)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return 0, fmt.Errorf("read answer of %s: %w", s.url, err)
	}
	return 0, nil
}
