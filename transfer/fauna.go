package transfer

import (
	"encoding/json"
	"strings"
	"time"
)

// document is a line taken apart.
type document struct {
	collection string
	named      bool
	id, ts     any
	fields     map[string]any
}

// ownDocument takes apart what Row.Line writes.
func ownDocument(in map[string]any) document {
	d := document{id: in[idName], ts: in[tsName], fields: in}
	if name, given := in[collectionName]; given {
		d.collection, _ = name.(string)
		d.named = true
	}
	delete(in, idName)
	delete(in, tsName)
	delete(in, collectionName)
	return d
}

// faunaDocument takes apart what Fauna exports, in any of its forms:
//
//	{"ref": {"@ref": {"id": "1", "collection": {"@ref": {"id": "Todo", ...}}}}, "ts": 1600000000000000, "data": {...}}
//	{"id": "1", "coll": {"@mod": "Todo"}, "ts": {"@time": "..."}, "title": "...", "owner": {"@ref": {"id": "7", "coll": {"@mod": "User"}}}}
//	{"id": "1", "coll": "Todo", "ts": "...", "title": "...", "owner": {"id": "7", "coll": "User"}}
//
// The first is of FQL v4 and the tools of its time, the others are the tagged
// and the simple format of snapshot exports.
// https://docs.fauna.com/fauna/v4/build/fql/types
// https://docs.fauna.com/fauna/current/manage/exports
func faunaDocument(in map[string]any) (document, bool) {
	if inner, ok := in["@doc"].(map[string]any); ok && len(in) == 1 {
		in = inner
	}
	if _, own := in[idName]; own {
		return document{}, false
	}
	d := document{named: true, fields: map[string]any{}}
	system := []string{"ref", "class"}
	if ref, ok := plain(in["ref"]).(reference); ok {
		d.collection, d.id = ref.collection, ref.id
	} else {
		system = []string{"id", "coll"}
		id, hasID := plain(in["id"]).(string)
		coll, hasColl := plain(in["coll"]).(string)
		if number, ok := plain(in["id"]).(json.Number); ok {
			id, hasID = number.String(), true
		}
		if _, hasTS := in["ts"]; !hasID || !hasColl || !hasTS {
			return document{}, false
		}
		d.collection, d.id = coll, id
	}
	d.ts = plain(in["ts"])
	if at, ok := d.ts.(string); ok {
		if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
			d.ts = json.Number(jsonInt(t.UnixMicro()))
		}
	}
	for name, v := range in {
		if name != "ts" && name != "data" && name != system[0] && name != system[1] {
			d.fields[name] = plain(v)
		}
	}
	// Fields of FQL v4, and those whose names the new form has for itself.
	if data, ok := plain(in["data"]).(map[string]any); ok {
		for name, v := range data {
			d.fields[name] = v
		}
	}
	return d, true
}

func jsonInt(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// reference is a document that a value names.
type reference struct{ collection, id string }

// unreadable is a value of Fauna's that no field can hold.
type unreadable struct{}

// plain takes the tags off a value of Fauna's.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			for tag, x := range v {
				if strings.HasPrefix(tag, "@") {
					return untagged(tag, x)
				}
			}
		}
		out := make(map[string]any, len(v))
		for name, x := range v {
			out[name] = plain(x)
		}
		return out
	}
	return v
}

func untagged(tag string, x any) any {
	s, isText := x.(string)
	switch tag {
	case "@ts", "@time":
		return microseconds(s)
	case "@date", "@bytes", "@mod", "@uuid":
		if isText {
			return s
		}
	case "@int", "@long", "@double":
		if isText {
			return json.Number(s)
		}
	case "@object", "@obj":
		if in, ok := x.(map[string]any); ok {
			out := make(map[string]any, len(in))
			for name, e := range in {
				out[name] = plain(e)
			}
			return out
		}
	case "@ref", "@doc":
		if isText { // of long ago: classes/todos/1
			parts := strings.Split(s, "/")
			if len(parts) == 3 {
				return reference{parts[1], parts[2]}
			}
		}
		if in, ok := x.(map[string]any); ok {
			if id, ok := plain(in["id"]).(string); ok {
				return reference{collectionOf(in), id}
			}
		}
	}
	return unreadable{}
}

// collectionOf is the collection that a reference names, "" if it is none of a
// document.
func collectionOf(ref map[string]any) string {
	for _, name := range []string{"coll", "collection", "class"} {
		switch c := plain(ref[name]).(type) {
		case string:
			return c
		case reference:
			return c.id
		}
	}
	return ""
}

// asReference reads a value as one: the tagged forms, and on a line of Fauna's
// also {"id", "coll"}.
func asReference(x any, fauna bool) (reference, bool) {
	if r, ok := x.(reference); ok {
		return r, true
	}
	if in, ok := x.(map[string]any); ok && fauna {
		id, hasID := in["id"].(string)
		coll, hasColl := in["coll"].(string)
		return reference{coll, id}, hasID && hasColl
	}
	return reference{}, false
}

// loose makes plain JSON of what a JSON field may hold beside it.
func loose(v any) any {
	switch v := v.(type) {
	case reference:
		return map[string]any{"collection": v.collection, "id": v.id}
	case []any:
		for i := range v {
			v[i] = loose(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = loose(v[name])
		}
	}
	return v
}

// microseconds cuts a time that has nanoseconds: Fauna kept these.
func microseconds(s string) string {
	dot := strings.IndexByte(s, '.')
	if dot < 0 {
		return s
	}
	end := dot + 1
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end-dot-1 > 6 {
		return s[:dot+7] + s[end:]
	}
	return s
}
