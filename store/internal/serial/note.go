package serial

import "flora.dev/flora/store"

// Change returns what writing notes changes of those that are there under their
// names: what is to be stored, with revisions after last, and the newest
// revision then. A withdrawn note ends now, which is how it is forgotten.
func Change(notes []store.Note, there map[string]store.Note, last, now int64) (changed []store.Note, revision int64) {
	for _, n := range notes {
		was, known := there[n.Name]
		if n.Value == "" && was.Value == "" || known && n.Value == was.Value && n.Until == was.Until {
			continue
		}
		if n.Value == "" {
			n.Until = now
		}
		last++
		n.Revision = last
		changed = append(changed, n)
	}
	return changed, last
}
