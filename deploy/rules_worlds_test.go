package deploy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/schema"
)

var ruleText = regexp.MustCompile(`(?:read|write|all|create|update|delete|when|expr): "([^"\n]+)"`)

// TestMutationsOfWorlds changes rules of the worlds a little. Where that changes
// an answer on documents that are made up blindly, a shift must be found in nine
// of ten cases.
func TestMutationsOfWorlds(t *testing.T) {
	files, err := filepath.Glob("../testdata/worlds/*/schema.graphql")
	if err != nil || len(files) < 3 {
		t.Fatalf("worlds: %v %v", files, err)
	}
	r := rand.New(rand.NewPCG(11, 11))
	schemas, changed, found, more, spent := 0, 0, 0, 0, time.Duration(0)
	for _, file := range files {
		sdl, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		old := shop(t, string(sdl))
		places := ruleText.FindAllStringSubmatchIndex(string(sdl), -1)
		for done := 0; done < *worldChanges; {
			at := places[r.IntN(len(places))]
			text := mutate(r, string(sdl[at[2]:at[3]]))
			if text == "" {
				continue
			}
			model, err := schema.Load("shop.graphql", []byte(string(sdl[:at[2]])+text+string(sdl[at[3]:])))
			if err != nil {
				continue
			}
			done++
			schemas++
			start := time.Now()
			told := map[string]bool{}
			for _, s := range Rules(t.Context(), old, model, RuleOptions{Tries: 10_000}) {
				told[fmt.Sprint(s.Collection, ".", s.Field, " ", s.Action, " ", s.Change.Loosens())] = s.Change != NotFound
			}
			spent += time.Since(start)
			p := newPair(old, model)
			blind := map[string]bool{}
			for _, q := range p.questions() {
				s := newSearch(p, q, 99)
				if q.field != "" && q.demands[0][0].Pred == nil && q.demands[1][0].Pred == nil {
					continue
				}
				for i := range 200 {
					tr := s.blank(s.callers[i%len(s.callers)])
					for to := range 2 {
						if s.shifts(tr, to) {
							blind[fmt.Sprint(q.collection, ".", q.field, " ", q.word(), " ", to == 1)] = true
						}
					}
				}
			}
			for name := range blind {
				if changed++; told[name] {
					found++
				} else {
					t.Logf("missed: %s in %s: %s -> %s", name, file, sdl[at[2]:at[3]], text)
				}
			}
			for name, is := range told {
				if is && !blind[name] {
					more++
				}
			}
		}
	}
	t.Logf("%d changes of a rule: %d of %d answers that change found, %d more; %v a change", schemas, found, changed, more, spent/time.Duration(schemas))
	if changed < schemas/4 || found*10 < changed*9 {
		t.Errorf("found %d of %d", found, changed)
	}
}

// large is a schema of 50 collections, each with seven rules.
func large(rule, field string) string {
	var b strings.Builder
	b.WriteString(shopUsers)
	for i := range 50 {
		fmt.Fprintf(&b, `type T%d @auth(read: %[2]q, create: %[3]q, update: %[2]q, delete: %[2]q) {
  owner: User n: Int open: Boolean next: T%[4]d text: String @auth(read: %[5]q, create: "true", update: %[5]q) }
`, i, rule, strings.ReplaceAll(rule, "doc.next", "doc.owner != null && newDoc.next"), (i+1)%50, field)
	}
	return b.String()
}

// TestRulesAreBounded searches a schema whose every rule changes, tells the
// same again, and passes at once over one whose rules all say the same.
func TestRulesAreBounded(t *testing.T) {
	old := shop(t, large("doc.owner == CurrentUser() && doc.n > 2", "doc.open"))
	changed := shop(t, large("doc.owner == CurrentUser() && doc.n > 2 || doc.next.open && doc.n == 77", "doc.open && doc.n < 5"))
	same := shop(t, large("doc.n > 2 && doc.owner == CurrentUser()", "doc.open"))
	run := func(new *schema.Schema) ([]Shift, time.Duration) {
		start := time.Now()
		list := Rules(t.Context(), old, new, RuleOptions{})
		return list, time.Since(start)
	}
	list, took := run(changed)
	tries := 0
	for _, s := range list {
		tries += s.Tries
	}
	t.Logf("%d shifts, %d tries, %v", len(list), tries, took)
	if len(list) < 250 || tries > 200_000 {
		t.Errorf("%d shifts in %d tries", len(list), tries)
	}
	if again, _ := run(changed); !reflect.DeepEqual(list, again) {
		t.Error("the same question has two answers")
	}
	list, took = run(same)
	if t.Logf("nothing to tell: %v", took); len(list) > 0 {
		t.Errorf("told of rules that say the same: %v", list)
	}
}

func TestRulesText(t *testing.T) {
	old := shop(t, fieldWith(`@auth(read: "HasRole('boss')")`))
	changed := shop(t, strings.Replace(fieldWith(`@auth(read: "doc.open || HasRole('boss')") extra: Int`), `all: "signedIn"`, `all: "doc.owner == CurrentUser()"`, 1))
	list := Rules(t.Context(), old, changed, RuleOptions{})
	const want = `What the rules newly allow and deny, found by search on generated documents: not a proof that there is no more.
looser:
  read   Doc.n  newly allows  signed in as alice  document {open: true, owner: "user1"}, User user1 {sub: "alice"}  by shop.graphql:2:73 doc.open || HasRole('boss')
new:
  read, create, update Doc.extra  follows Doc
tighter:
  read   Doc  newly denies  signed in as alice  document {}  was by shop.graphql:2:10 signedIn
`
	if got := RulesText(list); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	text, err := json.Marshal(list[0])
	if want := `{"change":"newly-allows","collection":"Doc","field":"n","action":"read","witness":{"caller":{"subject":"alice"},` +
		`"oldDoc":{"collection":"Doc","id":"doc1","values":{"open":true,"owner":"user1"}},"others":[{"collection":"User","id":"user1","values":{"sub":"alice"}}]},` +
		`"by":[{"position":"shop.graphql:2:73","text":"doc.open || HasRole('boss')"}],"tries":`; err != nil || !strings.HasPrefix(string(text), want) {
		t.Errorf("got %s %v", text, err)
	}
	if RulesText(nil) != "" {
		t.Error("a text of nothing")
	}
}
