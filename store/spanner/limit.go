package spanner

import (
	"fmt"
	"unicode/utf8"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// What Spanner takes: https://cloud.google.com/spanner/quotas
const (
	maxText       = 2_621_440 // characters of a STRING(MAX) column
	maxList       = 10 << 20  // bytes of an ARRAY column
	maxKey        = 8 << 10   // bytes of a key of an index
	maxStatement  = 1_000_000 // characters
	maxParameters = 950
)

// checkValues refuses what no column takes, before anything is sent: a text
// that is too long is the caller's, a null in a required column is an error of
// this program. Spanner gives both the code of a dangling reference.
func checkValues(top int, h *store.Head) error {
	for _, a := range h.Set {
		v, ok := a.Value.(rules.Val)
		if !ok {
			continue
		}
		if v.Value.V == nil && a.Field.NonNull && h.Guard != rules.False { // which writes nothing
			return fmt.Errorf("write spanner: null for %s", a.Field.Path())
		}
		if tooLarge(v.Value.V) {
			return &store.WriteError{Head: top, Why: store.TooLarge}
		}
	}
	for _, more := range [][]store.Head{h.Before, h.Kids} {
		for i := range more {
			if err := checkValues(top, &more[i]); err != nil {
				return err
			}
		}
	}
	if h.Else != nil {
		return checkValues(top, h.Else)
	}
	return nil
}

func tooLarge(v any) bool {
	switch x := v.(type) {
	case string:
		return len(x) > maxText && utf8.RuneCountInString(x) > maxText
	case []any:
		size := 0
		for _, e := range x {
			size += 8
			if s, ok := e.(string); ok {
				size += len(s)
			}
		}
		return size > maxList
	}
	return false
}

// longKey reports whether h sets so much text that a key of an index may have
// become too long. The key may have more columns than h sets, hence the margin.
func longKey(h *store.Head) bool {
	size := 0
	for _, a := range h.Set {
		if v, ok := a.Value.(rules.Val); ok {
			text, _ := v.Value.V.(string)
			size += len(text)
		}
	}
	return size > maxKey/8
}
