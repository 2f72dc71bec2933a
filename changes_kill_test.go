package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/spanner/admin/database/apiv1/databasepb"
	"flora.dev/flora/graph"
	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

var kills = flag.Int("changes.kills", 8, "changes of testdata/changes whose deployment to Spanner is killed once, -1 to kill each everywhere")

// killer ends a deployment after some statements of DDL and commits: nothing
// that it asks later is done.
type killer struct {
	mu    sync.Mutex
	after int // statements and commits that are done, -1 for all
	done  int
	dead  bool
}

var errKilled = status.Error(grpccodes.PermissionDenied, "killed")

func (k *killer) call(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return errKilled
	}
	left := k.after - k.done
	ddl, isDDL := req.(*databasepb.UpdateDatabaseDdlRequest)
	switch {
	case isDDL:
		k.done += len(ddl.Statements)
		if k.after >= 0 && left < len(ddl.Statements) {
			k.dead = true
			if left > 0 {
				part := proto.Clone(ddl).(*databasepb.UpdateDatabaseDdlRequest)
				part.Statements = part.Statements[:left]
				if err := invoke(ctx, method, part, reply, cc, opts...); err != nil {
					return err
				}
			}
			return errKilled
		}
	case strings.HasSuffix(method, "/Commit"):
		k.done++
		if k.after >= 0 && left < 1 {
			k.dead = true
			return errKilled
		}
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// TestKilledChanges ends deployments to Spanner between any two things that
// they do: the documents are then as before or as after, and a deployment that
// follows ends as if nothing had been.
func TestKilledChanges(t *testing.T) {
	t.Parallel()
	tried := 0
	changes := readChanges(t)
	r := rand.New(rand.NewPCG(*randomSeed, 0))
	names := slices.Sorted(maps.Keys(changes))
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if *kills >= 0 {
		names = names[:min(*kills, len(names))]
	}
	for _, name := range names {
		c, want := changes[name], ""
		points := c.killed(t, -1, &want)
		if points == 0 { // nothing is deployed
			continue
		}
		at := r.Perm(points)
		if *kills >= 0 {
			at = at[:1]
		}
		for _, k := range at {
			tried++
			t.Run(fmt.Sprintf("%s/%d of %d", name, k, points), func(t *testing.T) { c.killed(t, k, &want) })
		}
	}
	t.Logf("%d deployments killed", tried)
}

// killed deploys, with an end after some points, and returns how many there are.
func (c *deployCase) killed(t *testing.T, after int, want *string) int {
	t.Helper()
	name := emulator.Database(t)
	k := &killer{after: after}
	open := func(dial ...grpc.DialOption) *spanner.DB {
		db, err := spanner.Open(t.Context(), name, spanner.Options{Emulator: emulator.Host(t), Dial: dial})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	db := open()
	c.begin(t, db)
	before := dump(t, db)
	deploy := func(db store.Store) error {
		p, err := plan(t.Context(), db, loadChange(t, c.After), false, c.Allow...)
		if err != nil {
			return err
		}
		if len(p.refused()) > 0 {
			return nil
		}
		_, err = p.apply(t.Context(), db)
		return err
	}
	err := deploy(open(grpc.WithChainUnaryInterceptor(k.call)))
	if after < 0 {
		*want = dump(t, db)
		if err != nil {
			*want = before // the data does not allow it
		}
		return k.done
	}
	if err == nil { // what was lost is the word that it is over, which need not come
		if d, err := db.Deployed(t.Context(), 0); err != nil || d.Version != 2 || d.Unfinished {
			t.Errorf("the deployment did not tell, and is not done: %+v, %v", d, err)
		}
	}
	if got := dump(t, db); got != before && got != *want {
		t.Errorf("neither as before nor as after:\n%s\n%s", cmp.Diff(before, got), cmp.Diff(*want, got))
	}
	deploy(db)
	if diff := cmp.Diff(*want, dump(t, db)); diff != "" {
		t.Errorf("gone on with (-want +got):\n%s", diff)
	}
	return 0
}

// dump is all that the deployed schema shows.
func dump(t *testing.T, db store.Store) string {
	t.Helper()
	d, err := db.Deployed(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(db, d, serviceOptions{file: "schema.graphql", limits: defaultLimits(), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range s.data.Version().Schema.Collections {
		fields := "_id _ts"
		for _, f := range c.Fields {
			switch {
			case f.Many():
				fields += " " + f.Name + " { nodes { _id } }"
			case f.Column == "" || f.Target != nil:
				fields += " " + f.Name + " { _id }"
			default:
				fields += " " + f.Name
			}
		}
		ask := "{ " + c.Plural + "(orderBy: {_id: ASC}) { nodes { " + fields + " } } }"
		r := s.data.Do(t.Context(), graph.Request{Query: ask})
		var answer struct{ Errors []any }
		if err := json.Unmarshal(r.Body, &answer); err != nil || len(answer.Errors) > 0 {
			t.Errorf("%s: %s", ask, r.Body)
		}
		fmt.Fprintf(&b, "%s\n", r.Body)
	}
	return b.String()
}

// TestKilledFile kills deployments to a file of SQLite: all or nothing is done.
func TestKilledFile(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	before := `type A @auth(all: "true") { n: Int!, s: String! }`
	after := write("after.graphql", `type A @auth(all: "true") { n: Float! @unique, s: String! @fold @index, t: String! @default(expr: "'x'") }`)
	file := filepath.Join(dir, "a.db")
	db, err := openSQLite(t.Context(), file, true)
	if err != nil {
		t.Fatal(err)
	}
	c := deployCase{Before: before}
	documents := []any{}
	for i := range 5000 {
		documents = append(documents, map[string]any{"n": i, "s": fmt.Sprint("Text ", i)})
	}
	c.Given = map[string]any{"as": documents}
	c.begin(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	versions, whole := map[int64]int{}, time.Duration(0)
	const times = 10 // the first is not killed: it says how long it takes
	for i := range times {
		copied := filepath.Join(dir, fmt.Sprint(i, ".db"))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Base(copied), string(text))
		cmd := exec.Command(exe, "deploy", after, "--store", "sqlite:"+copied)
		cmd.Args[0] = "flora"
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if i > 0 {
			time.AfterFunc(whole*time.Duration(i+3)/time.Duration(times+1), func() { cmd.Process.Kill() })
		}
		cmd.Wait()
		if i == 0 {
			whole = time.Since(began)
		}
		db, err := openSQLite(t.Context(), copied, false)
		if err != nil {
			t.Fatal(err)
		}
		d, err := db.Deployed(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		versions[d.Version]++
		s, err := newService(db, d, serviceOptions{file: "a.graphql", limits: defaultLimits(), log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		r := s.data.Do(t.Context(), graph.Request{Query: `{ as { totalCount } last: as(where: {s: {eq: "Text 4999"}}) { nodes { n s } } }`})
		if got := string(r.Body); got != `{"data":{"as":{"totalCount":5000},"last":{"nodes":[{"n":4999,"s":"Text 4999"}]}}}` {
			t.Errorf("version %d: %s", d.Version, got)
		}
		db.Close()
	}
	t.Logf("killed deployments by the version they left: %v", versions)
}
