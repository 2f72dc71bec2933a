package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"flora.dev/flora/deploy"
	"flora.dev/flora/schema"
)

var ruleTexts = regexp.MustCompile(`(?:read|write|all|create|update|delete|when|expr): "([^"\n]+)"`)

var ruleChanges = flag.Int("deploy.changes", 1, "changes of each world's rules that are tried")

// TestWitnessesThroughAPI changes rules of the worlds and asks of each witness
// that the search finds: its documents are planted under the old and under the
// new schema, and the data API asked as its caller. What is newly allowed was
// refused before and is answered after, and the reverse.
func TestWitnessesThroughAPI(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	counts := map[string]int{}
	for _, dir := range worlds(t) {
		sdl := string(readWorld(t, dir).sdl)
		for range *ruleChanges {
			changed := changeRule(r, sdl)
			old, err := schema.Load("schema.graphql", []byte(sdl))
			if err != nil {
				t.Fatal(err)
			}
			model, err := schema.Load("schema.graphql", []byte(changed))
			if err != nil {
				counts["not a schema"]++
				continue
			}
			counts["schemas"]++
			told := 0
			for _, s := range deploy.Rules(t.Context(), old, model, deploy.RuleOptions{Tries: 4000}) {
				if s.Witness == nil || told > 1 {
					continue
				}
				told++
				var answers [2]string
				for i, text := range []string{sdl, changed} {
					answers[i] = askWitness(t, text, []*schema.Schema{old, model}[i], &s)
				}
				if answers[0] != answers[1] { // nobody may, so there is none
					for i := range answers {
						answers[i] = strings.Replace(answers[i], noMutation, "denied", 1)
					}
				}
				want := [2]string{"denied", "allowed"}
				if !s.Change.Loosens() {
					want = [2]string{"allowed", "denied"}
				}
				switch {
				case answers == want:
					counts["confirmed"]++
				case strings.HasPrefix(answers[0], "skip") || strings.HasPrefix(answers[1], "skip"):
					counts[answers[0]]++
					t.Logf("%s: %s\n  %v", filepath.Base(dir), s, answers)
				default:
					t.Errorf("%s: %s\nthe API: %v", filepath.Base(dir), s, answers)
				}
			}
		}
	}
	t.Log(counts)
	if counts["confirmed"] < 5*(*ruleChanges) {
		t.Errorf("%d witnesses confirmed", counts["confirmed"])
	}
}

// noMutation says that clients have no such mutation, by that name.
const noMutation = "skip: no such mutation"

// changeRule changes one rule of a schema a little.
func changeRule(r *rand.Rand, sdl string) string {
	changes := []func(string) string{
		func(s string) string { return strings.Replace(s, "&&", "||", 1) },
		func(s string) string { return strings.Replace(s, "||", "&&", 1) },
		func(s string) string { return strings.Replace(s, "==", "!=", 1) },
		func(s string) string { return strings.Replace(s, "!=", "==", 1) },
		func(s string) string { return "!(" + s + ")" },
		func(s string) string { return "signedIn" },
		func(s string) string { return "signedIn || " + s },
		func(s string) string { before, _, _ := strings.Cut(s, " && "); return before },
		func(s string) string { before, _, _ := strings.Cut(s, " || "); return before },
		func(s string) string { return strings.Replace(s, "true", "false", 1) },
	}
	all := ruleTexts.FindAllStringSubmatchIndex(sdl, -1)
	for {
		at := all[r.IntN(len(all))]
		text := sdl[at[2]:at[3]]
		if changed := changes[r.IntN(len(changes))](text); changed != text {
			return sdl[:at[2]] + changed + sdl[at[3]:]
		}
	}
}

// askWitness plants the documents of a witness and asks as its caller:
// "allowed", "denied", or why it cannot be asked.
func askWitness(t *testing.T, sdl string, model *schema.Schema, s *deploy.Shift) string {
	w := s.Witness
	c := model.Collection(s.Collection)
	switch {
	case w.Barred:
		return "skip: barred"
	case s.Action == "check":
		return "skip: check"
	case slices.ContainsFunc(w.Caller.Vouches, func(v string) bool { return v != "number" }):
		return "skip: vouches"
	}
	seed := &witnessSeed{model: model, list: map[string][]map[string]any{}}
	if w.Old != nil {
		seed.add(*w.Old)
	}
	for _, d := range w.Others {
		if model.Collection(d.Collection) == nil {
			return "skip: links"
		}
		seed.add(d)
	}
	action := strings.ToUpper(s.Action)
	r := request{}
	switch selected := "_id"; action {
	case "READ", "DELETE":
		if s.Field != "" {
			selected = s.Field
			if f := c.FieldNamed(s.Field); f.Target != nil || f.Embedded != nil {
				return "skip: relation"
			}
		}
		r.Operation = fmt.Sprintf("{ d: find%sByID(id: %q) { %s } }", c.Name, w.Old.ID, selected)
		if action == "DELETE" {
			r.Operation = fmt.Sprintf("mutation { d: delete%s(id: %q) { _id } }", c.Name, w.Old.ID)
		}
	case "CREATE":
		input := seed.required(c, maps.Clone(w.New.Values), "new")
		r.Variables = map[string]any{"d": inputOf(c, input, s.Field)}
		r.Operation = fmt.Sprintf("mutation($d: %s) { d: create%s(data: $d) { _id } }", dataType(model, "create"+c.Name), c.Name)
	case "UPDATE":
		input := map[string]any{}
		for name, v := range w.New.Values {
			if before, had := w.Old.Values[name]; !had || fmt.Sprint(before) != fmt.Sprint(v) || name == s.Field {
				input[name] = v
			}
		}
		if s.Field != "" && input[s.Field] == nil {
			input[s.Field] = seed.list[c.Name][0][s.Field]
		}
		r.Variables = map[string]any{"d": inputOf(c, input, s.Field)}
		r.Operation = fmt.Sprintf("mutation($d: %s) { d: partialUpdate%s(id: %q, data: $d) { _id } }", dataType(model, "partialUpdate"+c.Name), c.Name, w.Old.ID)
	}
	if strings.Contains(r.Operation, "($d: )") {
		return noMutation
	}
	text, err := json.Marshal(seed.list)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseSeed("seed.yaml", text, model); err != nil {
		return "skip: seed"
	}
	server, issuer := (&world{sdl: []byte(sdl), seed: text}).serve(t, openMemory(t))
	if w.Caller.Subject != "" {
		r.As = &struct {
			Sub    string         `yaml:"sub"`
			Roles  []string       `yaml:"roles"`
			Claims map[string]any `yaml:"claims"`
		}{w.Caller.Subject, w.Caller.Roles, w.Caller.Claims}
	}
	answer := r.send(t, server, issuer)
	status, body, _ := strings.Cut(answer, " ")
	var out struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
		Data       map[string]map[string]any
		Extensions struct{ Denied []any }
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s %v", answer, err)
	}
	switch {
	case len(out.Errors) > 0 && (out.Errors[0].Extensions.Code == "FORBIDDEN" || out.Errors[0].Extensions.Code == "UNAUTHENTICATED"):
		return "denied"
	case len(out.Errors) > 0 && action != "READ" && (strings.Contains(out.Errors[0].Message, "is not defined") || strings.Contains(out.Errors[0].Message, "Unknown field")) || out.Errors != nil && out.Errors[0].Extensions.Code == "NOT_FOUND":
		return "denied"
	case len(out.Errors) > 0:
		return "skip: " + status + " " + out.Errors[0].Extensions.Code + " " + out.Errors[0].Message
	case out.Data["d"] == nil && (action == "READ" || action == "DELETE" || action == "UPDATE" && !strings.Contains(body, "committed")):
		return "denied"
	case len(out.Extensions.Denied) > 0:
		return "denied"
	}
	return "allowed"
}

// dataType is the type of a mutation's data, "" where clients have no such.
func dataType(model *schema.Schema, mutation string) string {
	root := model.API.AST.Mutation
	if root == nil {
		return ""
	}
	f := root.Fields.ForName(mutation)
	if f == nil || f.Arguments.ForName("data") == nil {
		return ""
	}
	return f.Arguments.ForName("data").Type.String()
}

// witnessSeed is the documents of a witness with what else they require.
type witnessSeed struct {
	model *schema.Schema
	list  map[string][]map[string]any
	n     int
}

func (w *witnessSeed) add(d deploy.Document) {
	values := w.required(w.model.Collection(d.Collection), maps.Clone(d.Values), d.ID)
	values["_id"] = d.ID
	w.list[d.Collection] = append(w.list[d.Collection], values)
}

// required adds a value for each field that needs one.
func (w *witnessSeed) required(c *schema.Collection, values map[string]any, id string) map[string]any {
	if values == nil {
		values = map[string]any{}
	}
	for _, f := range c.Fields {
		if _, given := values[f.Name]; given || !f.NonNull || f.Column == "" {
			continue
		}
		w.n++
		text := fmt.Sprintf("%s-%d", id, w.n)
		switch f.Kind.String() {
		case "Boolean":
			values[f.Name] = false
		case "Int", "Long", "Float":
			values[f.Name] = 100 + w.n
		case "Date":
			values[f.Name] = fmt.Sprintf("2001-01-%02d", w.n%28+1)
		case "Time":
			values[f.Name] = fmt.Sprintf("2001-01-01T00:00:%02dZ", w.n%60)
		case "Enum":
			values[f.Name] = f.Values[0]
		case "UUID":
			values[f.Name] = fmt.Sprintf("00000000-0000-4000-8000-%012d", 100+w.n)
		case "Decimal":
			values[f.Name] = fmt.Sprint(100 + w.n)
		case "Ref":
			w.add(deploy.Document{Collection: f.Target.Name, ID: text})
			values[f.Name] = text
		case "JSON", "Embedded":
			values[f.Name] = map[string]any{}
		default:
			values[f.Name] = text
		}
		if f.List {
			values[f.Name] = []any{}
		}
	}
	return values
}

// inputOf is what the API is sent: relations connect, what the server sets is
// left out.
func inputOf(c *schema.Collection, values map[string]any, asked string) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		f := c.FieldNamed(name)
		switch {
		case !f.Settable() && name != asked:
		case f.ToOne() && v != nil:
			out[name] = map[string]any{"connect": v}
		case f.ToOne():
			out[name] = map[string]any{"disconnect": true}
		default:
			out[name] = v
		}
	}
	return out
}
