package transfer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// Names of a line that are no fields.
const (
	idName         = "_id"
	tsName         = "_ts"
	collectionName = "_collection"
)

// Line is the JSON text of the row, without a line break: _id, _ts and the
// fields that are not null, in the order of the schema.
func (r *Row) Line() (string, error) {
	var b strings.Builder
	sep := "{"
	put := func(name string, v any) error {
		text, ok := rules.CanonicalJSON(v)
		if !ok {
			return fmt.Errorf("write %s %s: %s holds what JSON cannot", r.Table.Name, r.ID, name)
		}
		b.WriteString(sep + strconv.Quote(name) + ":" + text)
		sep = ","
		return nil
	}
	if !r.Table.Links {
		if err := put(idName, r.ID); err != nil {
			return "", err
		}
		if r.TS != 0 {
			if err := put(tsName, json.Number(strconv.FormatInt(r.TS, 10))); err != nil {
				return "", err
			}
		}
	}
	for i, f := range r.Table.Fields {
		if r.Values[i].Null() {
			continue
		}
		v, err := shown(f, r.Values[i])
		if err == nil {
			err = put(f.Name, v)
		}
		if err != nil {
			return "", err
		}
	}
	return b.String() + "}", nil
}

// In makes a line name its collection.
func (t *Table) In(line string) string {
	return `{"` + collectionName + `":"` + t.Name + `",` + line[1:]
}

// shown is a stored value as a line has it.
func shown(f *schema.Field, v rules.Value) (any, error) {
	if f.Embedded != nil {
		x, err := decode(v.V.(string))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Path(), err)
		}
		return shownEmbedded(f.Embedded, x), nil
	}
	list, ok := v.V.([]any)
	if !ok {
		return shownScalar(v.Kind, v.V), nil
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = shownScalar(v.Kind, e)
	}
	return out, nil
}

func shownScalar(k rules.Kind, v any) any {
	switch x := v.(type) {
	case int64:
		if k == rules.Time {
			return time.UnixMicro(x).UTC().Format(time.RFC3339Nano)
		}
		return json.Number(strconv.FormatInt(x, 10))
	case float64:
		text, err := json.Marshal(x)
		if err != nil {
			panic(fmt.Sprintf("transfer: a Float that is not finite: %v", err)) // no store has one
		}
		return json.Number(text)
	case string:
		if k == rules.JSON {
			return json.RawMessage(x)
		}
	}
	return v
}

// shownEmbedded writes the times in an embedded value, or a list of such.
func shownEmbedded(e *schema.Embedded, v any) any {
	switch x := v.(type) {
	case []any:
		for i := range x {
			x[i] = shownEmbedded(e, x[i])
		}
	case map[string]any:
		for _, f := range e.Fields {
			if in, given := x[f.Name]; given {
				x[f.Name] = shownMember(f, in)
			}
		}
	}
	return v
}

func shownMember(f *schema.EmbeddedField, v any) any {
	if f.Type != nil {
		return shownEmbedded(f.Type, v)
	}
	switch x := v.(type) {
	case []any:
		if f.List {
			for i := range x {
				x[i] = shownMember(f, x[i])
			}
		}
	case json.Number:
		if micros, err := x.Int64(); err == nil && f.Kind == rules.Time {
			return shownScalar(rules.Time, micros)
		}
	}
	return v
}

// decode reads one JSON value, with json.Number.
func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("something follows the value")
	}
	return v, nil
}
