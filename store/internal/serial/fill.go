package serial

import (
	"encoding/json"
	"fmt"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Filling is a document that a migration converts: its id, and the value that
// is converted.
type Filling struct {
	ID    string
	Value rules.Value
}

// Fillings reads what ToFill asked for.
func Fillings(f *rules.Field, page string) ([]Filling, error) {
	d := json.NewDecoder(strings.NewReader(page))
	d.UseNumber()
	var lists [][][2]any
	if err := d.Decode(&lists); err != nil || len(lists) != 1 {
		return nil, fmt.Errorf("read documents to convert: %d lists: %w", len(lists), err)
	}
	out := make([]Filling, len(lists[0]))
	for i, node := range lists[0] {
		id, _ := node[0].(string)
		v, err := store.Decode(f, node[1])
		if err != nil {
			return nil, fmt.Errorf("read %s to convert: %w", f.Path(), err)
		}
		out[i] = Filling{id, v}
	}
	return out, nil
}
