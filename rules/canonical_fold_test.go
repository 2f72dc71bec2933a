package rules

import "testing"

func TestFolded(t *testing.T) {
	for _, same := range [][2]string{
		{"Café", "CAFE\u0301"}, {"Straße", "STRASSE"}, {"Ꭰ", "ꭰ"}, {"ᏸ", "Ᏸ"}, {"ΣΊΣΥΦΟΣ", "σίσυφος"}, {"K", "\u212a"},
	} {
		if Folded(same[0]) != Folded(same[1]) {
			t.Errorf("%q and %q: %q and %q", same[0], same[1], Folded(same[0]), Folded(same[1]))
		}
	}
	for _, text := range []string{"Ꭰ", "ꭰ", "ᏸ", "İ", "ı", "ǰ", "ﬃ", "Ⅷ"} {
		if once := Folded(text); Folded(once) != once {
			t.Errorf("%q folds to %q, and that to %q", text, once, Folded(once))
		}
	}
	for _, other := range [][2]string{{"i", "ı"}, {"é", "e"}, {"ﬁ", "fl"}} {
		if Folded(other[0]) == Folded(other[1]) {
			t.Errorf("%q and %q fold alike", other[0], other[1])
		}
	}
}
