package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"flora.dev/flora/bench/load"
	"flora.dev/flora/bench/workload"
)

// proof asks a server what it must answer and what it must not.
type proof struct {
	*server
	random *rand.Rand
	faults []error
}

// owners are whose documents are asked for.
var owners = [...]int{3, 500, 997}

// prove proves a server right before it is measured, and returns the length of
// a good answer to each operation.
func prove(s *server, expected map[int]workload.Expected) (map[string]int, error) {
	p := &proof{server: s, random: rand.New(rand.NewPCG(rand.Uint64(), 3))} // a price that was not there
	length := map[string]int{}
	for _, owner := range owners {
		other := (owner + 1) % workload.Owners
		product := expected[owner].Newest
		for _, operation := range []string{"Q1", "Q2", "Q3"} {
			length[operation] = len(p.good(operation, owner, product))
		}
		if s.exact {
			p.exactly("Q1", owner, product, expected[owner].One)
			p.exactly("Q2", owner, product, expected[owner].List)
			p.exactly("Q3", owner, product, expected[owner].Nested)
		}
		if s.Constant {
			continue
		}
		p.counts(owner, product)
		p.closed(owner, other, product)
		length["M2"], length["M1"] = p.writes(owner, product)
	}
	return length, errors.Join(p.faults...)
}

func (p *proof) fail(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf("%s: "+format, append([]any{p.Name}, args...)...))
}

// ask sends an operation of an owner about a product, whoever's it is.
func (p *proof) ask(operation string, owner, product int, token string) (status int, body string) {
	status, answer, err := load.Once(p.Address, p.request(operation, owner, product, p.random, token))
	if err != nil {
		p.fail("%s: %w", operation, err)
	}
	return status, string(answer)
}

func isGood(status int, body string) bool {
	return status/100 == 2 && !strings.Contains(body, `"errors"`)
}

func (p *proof) good(operation string, owner, product int) string {
	status, body := p.ask(operation, owner, product, p.tokens[owner])
	if !isGood(status, body) {
		p.fail("%s of an owner: %d %.300s", operation, status, body)
	}
	return body
}

// exactly compares every value of an answer.
func (p *proof) exactly(operation string, owner, product int, want any) {
	var got struct{ Data any }
	if err := json.Unmarshal([]byte(p.good(operation, owner, product)), &got); err != nil {
		p.fail("%s: %w", operation, err)
	}
	if reflect.DeepEqual(got.Data, want) {
		return
	}
	g, _ := json.Marshal(got.Data) // of decoded JSON, with its names in order
	w, _ := json.Marshal(want)
	at := 0
	for at < min(len(g), len(w)) && g[at] == w[at] {
		at++
	}
	at = max(0, at-50)
	p.fail("%s of %s: got ...%.200s, want ...%.200s", operation, workload.OwnerID(owner), g[min(at, len(g)):], w[min(at, len(w)):])
}

// counts is what can be said of answers in every shape.
func (p *proof) counts(owner, product int) {
	if one := p.good("Q1", owner, product); !strings.Contains(one, workload.ProductID(product)) {
		p.fail("Q1: no product in %.300s", one)
	}
	if list := p.good("Q2", owner, product); strings.Count(list, workload.OwnerID(owner)) != workload.Page {
		p.fail("Q2: want %d products of %s in %.300s", workload.Page, workload.OwnerID(owner), list)
	}
	nested := p.good("Q3", owner, product)
	if n := strings.Count(nested, `"stars"`); n != workload.Page*workload.Reviews {
		p.fail("Q3: %d reviews, want %d", n, workload.Page*workload.Reviews)
	}
	if n := strings.Count(nested, `"cat0`); n < workload.Page {
		p.fail("Q3: %d categories, want %d", n, workload.Page)
	}
}

// closed proves that a product is closed to another owner, and all of them to
// a token that was not signed by the provider.
func (p *proof) closed(owner, other, product int) {
	before := p.good("Q1", owner, product)
	if _, body := p.ask("Q1", other, product, p.tokens[other]); strings.Contains(body, workload.OwnerID(owner)) {
		p.fail("Q1: another owner's product: %.300s", body)
	}
	p.ask("M2", other, product, p.tokens[other])
	if after := p.good("Q1", owner, product); after != before {
		p.fail("M2: another owner changed a product: %.300s, was %.300s", after, before)
	}
	status, body := p.ask("Q1", owner, product, forged(p.tokens[owner]))
	if strings.Contains(body, workload.OwnerID(owner)) {
		p.fail("Q1: a forged token is taken: %d %.300s", status, body)
	}
}

// writes proves that an owner changes and creates products, and returns the
// lengths of the answers.
func (p *proof) writes(owner, product int) (update, create int) {
	before := p.good("Q1", owner, product)
	updated := p.good("M2", owner, product)
	if !strings.Contains(updated, workload.ProductID(product)) || p.good("Q1", owner, product) == before {
		p.fail("M2: the product stays as it was: %.300s", updated)
	}
	created := p.good("M1", owner, product)
	if !strings.Contains(created, workload.OwnerID(owner)) {
		p.fail("M1: the product is not of %s: %.300s", workload.OwnerID(owner), created)
	}
	return len(updated), len(created)
}

// forged changes the signature of a token in the middle, where no bit is
// padding.
func forged(token string) string {
	b := []byte(token)
	at := bytes.LastIndexByte(b, '.') + 10
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}
