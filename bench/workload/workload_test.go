package workload

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
)

// TestSame: results of two days are of the same documents.
func TestSame(t *testing.T) {
	hash := sha256.New()
	e := json.NewEncoder(hash)
	n := 0
	for p := range AllProducts() {
		if p.Number != n || p.Owner != OwnerID(n%Owners) || p.ID != ProductID(ProductOf(n%Owners, n/Owners)) {
			t.Fatalf("product %d is %+v", n, p)
		}
		if err := e.Encode(p); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if err := e.Encode(AllCategories()); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%x", hash.Sum(nil)), "f1e7f7d9d839b703d055416d4b3f7c014ccbe7a932736b91cb592c657d919469"; got != want || n != Owners*PerOwner {
		t.Errorf("%d products, %s", n, got)
	}
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	keys, tokens := filepath.Join(dir, "keys"), filepath.Join(dir, "tokens")
	if err := WriteTokens(keys, tokens); err != nil {
		t.Fatal(err)
	}
	list, err := ReadTokens(tokens)
	if err != nil || len(list) != Owners {
		t.Fatalf("%d tokens, %v", len(list), err)
	}
	if key, err := ReadKey(keys); err != nil || key.N.BitLen() != 2048 {
		t.Errorf("key %v, %v", key, err)
	}
	if _, err := ReadTokens(keys); err == nil {
		t.Error("a key set was read as tokens")
	}
}

// TestReprice: a request that is sent again asks for something else each time,
// in as many bytes.
func TestReprice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, o := range Operations() {
		body := o.Body(o.Name, 1, 1001, r)
		for range 20 {
			before := string(body)
			Reprice(body)
			var request struct{ Variables struct{ Price json.Number } }
			if err := json.Unmarshal(body, &request); err != nil {
				t.Fatal(err)
			}
			if changed := string(body) != before; changed != (o.Name[0] == 'M') {
				t.Errorf("%s: %s after %s", o.Name, body, before)
			}
			price := string(request.Variables.Price)
			if value, _ := request.Variables.Price.Float64(); price != "" && strconv.FormatFloat(value, 'f', -1, 64) != price {
				t.Errorf("%s: %s is not how its number is written", o.Name, price)
			}
		}
	}
}
