package store

import "flora.dev/flora/rules"

// Folded is set with the columns that keep texts with their case folded
// (rules.Field.Fold): whoever writes a document writes them too.
func Folded(set []Assign) []Assign {
	out := set
	for _, a := range set {
		if a.Field.Fold == nil {
			continue
		}
		v, known := a.Value.(rules.Val)
		if !known { // a column of the same document: unchanged
			continue
		}
		if text, ok := v.Value.V.(string); ok {
			v.Value.V = rules.Folded(text)
		}
		out = append(out[:len(out):len(out)], Assign{Field: a.Field.Fold, Value: v})
	}
	return out
}
