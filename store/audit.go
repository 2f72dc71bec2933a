package store

import (
	"crypto/rand"
	"encoding/json"

	"flora.dev/flora/rules"
)

// Entry is a line of the audit: what somebody did beside the data API. It is
// written in the transaction of what it tells, and holds no value of a document.
type Entry struct {
	Issuer  string // of the token, "" for a command line
	Subject string
	Action  string // as the control API names it
	Detail  string // a JSON object
}

// AuditObject are the entries, and SchemaObject the versions that were deployed,
// for Read alone. Their _ts is when, in microseconds.
var (
	AuditObject  = system("flora_audit", "id", rules.ID, "at", "issuer", "subject", "action", "detail")
	SchemaObject = system("flora_schema", "version", rules.Long, "created", "sdl")
)

func system(table, key string, kind rules.Kind, at string, texts ...string) *rules.Object {
	o := &rules.Object{Name: table, Table: table}
	o.Key = &rules.Field{Object: o, Name: "_id", Column: key, Kind: kind, NonNull: true}
	o.TS = &rules.Field{Object: o, Name: "_ts", Column: at, Kind: rules.Long, NonNull: true}
	for _, name := range texts {
		o.Fields = append(o.Fields, &rules.Field{Object: o, Name: name, Column: name, Kind: rules.String, NonNull: true})
	}
	return o
}

// NewEntry is an entry whose detail is written as JSON.
func NewEntry(issuer, subject, action string, detail any) *Entry {
	text, err := json.Marshal(detail)
	if err != nil {
		panic("write detail of " + action + ": " + err.Error())
	}
	return &Entry{Issuer: issuer, Subject: subject, Action: action, Detail: string(text)}
}

// Head writes the entry with a mutation.
func (e *Entry) Head() Head {
	h := Head{Kind: Insert, Table: AuditObject, ID: rand.Text(), Guard: rules.True, Readable: rules.True}
	for i, text := range []string{e.Issuer, e.Subject, e.Action, e.Detail} {
		h.Set = append(h.Set, Assign{Field: AuditObject.Fields[i], Value: rules.Val{Value: rules.Value{Kind: rules.String, V: text}}})
	}
	return h
}
