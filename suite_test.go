package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// suite is the log of all servers that the tests of this package start. When
// they have run, no line of it may hold a token, a secret or a value that
// somebody stored or sent.
var suite = &suiteLog{seen: map[string]bool{}, tokens: map[string]bool{}, values: map[string]bool{}, words: map[string]bool{}}

// marker begins the texts that tests send and store in order to find them here.
const marker = "hush-hush-"

type suiteLog struct {
	mu     sync.Mutex
	lines  int
	seen   map[string]bool // strings of log lines, each once
	tokens map[string]bool // that were minted: their signatures
	values map[string]bool // that worlds store
	words  map[string]bool // that stand in their schemas
	faults []string
}

// suiteRun checks the log after the tests.
type suiteRun struct{ testscript.TestingM }

func (s suiteRun) Run() int {
	code := s.TestingM.Run()
	if faults := suite.check(); len(faults) > 0 {
		fmt.Fprintf(os.Stderr, "the log of the suite holds what no log may hold:\n%s\n", strings.Join(faults, "\n"))
		return 1
	}
	return code
}

// Write takes log lines: of JSON, or of the text form.
func (s *suiteLog) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		var members any
		switch {
		case bytes.HasPrefix(line, []byte("time=")):
			s.lines++
			s.seen[string(line)] = true
		case json.Unmarshal(line, &members) == nil:
			s.lines++
			eachString(members, func(text string) { s.seen[text] = true })
		}
	}
	return len(b), nil
}

// count is how many lines there are.
func (s *suiteLog) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines
}

// eachString calls f with every string of a decoded document, names of members too.
func eachString(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			eachString(e, f)
		}
	case map[string]any:
		for name, e := range v {
			f(name)
			eachString(e, f)
		}
	}
}

// secret takes note of a token.
func (s *suiteLog) secret(token string) {
	if i := strings.LastIndexByte(token, '.'); i >= 0 && len(token)-i > 20 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tokens[token[i+1:]] = true
	}
}

var word = regexp.MustCompile(`[\pL\pN_]+`)

// know takes note of what a world stores. Words of its schema are no secrets.
func (s *suiteLog) know(sdl, seed []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range word.FindAllString(string(sdl), -1) {
		s.words[w] = true
	}
	var documents map[string][]map[string]any
	if yaml.Unmarshal(seed, &documents) != nil {
		return // it is not that simple, and other tests say so
	}
	for _, list := range documents {
		for _, d := range list {
			for _, v := range d {
				eachString(v, func(text string) { s.values[text] = true })
			}
		}
	}
}

// stored are the values that can be told from words of the log itself.
func (s *suiteLog) stored() []string {
	own := map[string]bool{"data": true, "none": true, "open": true, "other": true, "post": true, "request": true, "later": true, "first": true, "second": true, "early": true, "admin": true}
	var list []string
	for v := range s.values {
		if len(v) >= 4 && !s.words[v] && !own[v] {
			list = append(list, v)
		}
	}
	slices.Sort(list)
	return list
}

var (
	looksLikeToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}`) // {" in base64url, as every JWT begins
	longWord       = regexp.MustCompile(`[A-Za-z0-9_-]{20,}`)
)

// check returns what is wrong with the log.
func (s *suiteLog) check() (faults []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.stored()
	for _, text := range slices.Sorted(maps.Keys(s.seen)) {
		switch {
		case looksLikeToken.MatchString(text):
			faults = append(faults, "a token: "+text)
		case strings.Contains(text, marker):
			faults = append(faults, "a value that was sent or stored: "+text)
		}
		for _, w := range longWord.FindAllString(text, -1) {
			if s.tokens[w] {
				faults = append(faults, "the signature of a token: "+text)
			}
		}
		if v := among(text, stored); v != "" {
			faults = append(faults, fmt.Sprintf("the stored value %q: %s", v, text))
		}
	}
	return append(faults, s.faults...)
}

// among returns the value that stands in a text as words of their own.
func among(text string, values []string) string {
	for _, v := range values {
		for at := 0; ; {
			i := strings.Index(text[at:], v)
			if i < 0 {
				break
			}
			i += at
			if !letter(text, i-1) && !letter(text, i+len(v)) {
				return v
			}
			at = i + 1
		}
	}
	return ""
}

func letter(text string, i int) bool {
	return i >= 0 && i < len(text) && word.MatchString(text[i:i+1])
}

// checkErrors checks that the errors of an answer hold no stored value that
// the request itself did not name.
func (s *suiteLog) checkErrors(t testing.TB, answer, request []byte) {
	t.Helper()
	if !bytes.Contains(answer, []byte(`"errors"`)) {
		return
	}
	var body struct {
		Errors []struct {
			Message    string         `json:"message"`
			Extensions map[string]any `json:"extensions"`
		} `json:"errors"`
	}
	if json.Unmarshal(answer, &body) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var foreign []string
	for _, v := range s.stored() {
		if !bytes.Contains(request, []byte(v)) {
			foreign = append(foreign, v)
		}
	}
	for _, e := range body.Errors {
		texts := []string{e.Message}
		eachString(e.Extensions, func(text string) { texts = append(texts, text) })
		for _, text := range texts {
			if v := among(text, foreign); v != "" || looksLikeToken.MatchString(text) || strings.Contains(text, marker) {
				t.Errorf("an error shows the stored value %q: %s", v, text)
			}
		}
	}
}

// TestSuiteLog checks the check: each kind of leak is found, and what belongs
// into a log is not.
func TestSuiteLog(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU"
	for line, leaks := range map[string]bool{
		`{"msg":"request","route":"/graphql","operation":"Lamps","caller":"0011223344556677"}`: false,
		`{"msg":"request","text":"the Lamp is on"}`:                                            true,
		`{"msg":"request","list":[{"deep":"Lamp"}]}`:                                           true,
		`{"msg":"request","Lamp":1}`:                                                           true,
		`{"msg":"bad","header":"Bearer ` + token + `"}`:                                        true,
		`{"msg":"bad","part":"c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU"}`:                       true,
		`time=2026 level=WARN msg="` + marker + `1"`:                                           true,
		`time=2026 level=WARN msg="of type Shop"`:                                              false,
	} {
		s := &suiteLog{seen: map[string]bool{}, tokens: map[string]bool{}, values: map[string]bool{}, words: map[string]bool{}}
		s.know([]byte("type Shop { name: String }"), []byte("Shop:\n  - { _id: Shop, name: Lamp }\n"))
		s.secret(token)
		s.Write([]byte(line + "\n"))
		if faults := s.check(); s.lines != 1 || len(faults) > 0 != leaks {
			t.Errorf("%s: %q, want a fault: %v", line, faults, leaks)
		}
	}
}
