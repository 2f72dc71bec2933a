package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	database "cloud.google.com/go/spanner/admin/database/apiv1"
	"cloud.google.com/go/spanner/admin/database/apiv1/databasepb"
	instance "cloud.google.com/go/spanner/admin/instance/apiv1"
	"cloud.google.com/go/spanner/admin/instance/apiv1/instancepb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// project is any name: the emulator knows no projects.
const project = "projects/flora-test"

var errAbsent = errors.New("no Spanner emulator: set SPANNER_EMULATOR_HOST, or FLORA_SPANNER_EMULATOR to its binary, " +
	"or install it with: gcloud components install cloud-spanner-emulator")

// server is an emulator with an instance of this test binary's own: a shared
// emulator serves several at once.
type server struct {
	host, instance string
	process        *process // kept: a forgotten pipe would be closed
}

// running is the server of this test binary, found or started once. A started
// emulator is never stopped: it ends with the test binary.
var running = sync.OnceValues(func() (server, error) {
	s := server{host: os.Getenv("SPANNER_EMULATOR_HOST")}
	if s.host == "" {
		path := find()
		if path == "" {
			return server{}, errAbsent
		}
		var err error
		if s.process, err = start(path); err != nil {
			return server{}, err
		}
		s.host = s.process.host
	}
	var err error
	s.instance, err = createInstance(s.host)
	return s, err
})

// Start starts an emulator of the caller's own, for a program that is no test,
// and returns its host:port and what ends it. It ends with the program too.
func Start() (host string, stop func(), err error) {
	path := find()
	if path == "" {
		return "", nil, errAbsent
	}
	p, err := start(path)
	if err != nil {
		return "", nil, err
	}
	return p.host, p.stop, nil
}

// Host returns the emulator's host:port: that of SPANNER_EMULATOR_HOST, else of
// a process that lives as long as the test binary. Without an emulator t is
// skipped, or fails where the environment says CI=true.
func Host(t testing.TB) string {
	t.Helper()
	return get(t).host
}

func get(t testing.TB) server {
	t.Helper()
	s, err := running()
	switch {
	case err == nil:
	case errors.Is(err, errAbsent) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return s
}

// Name returns the full name of a database that does not exist yet. The
// instance exists, and the database is dropped when t ends, whoever made it:
// the emulator holds a hundred per instance.
func Name(t testing.TB) string {
	t.Helper()
	name := get(t).instance + "/databases/t" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		admin, ctx, done := databaseAdmin(t)
		defer done()
		err := admin.DropDatabase(ctx, &databasepb.DropDatabaseRequest{Database: name})
		if err != nil && status.Code(err) != codes.NotFound {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	return name
}

// Database creates a database, empty without statements, returns its full name
// and drops it when t ends.
func Database(t testing.TB, statements ...string) string {
	t.Helper()
	name := Name(t)
	admin, ctx, done := databaseAdmin(t)
	defer done()
	parent, id, _ := strings.Cut(name, "/databases/")
	op, err := admin.CreateDatabase(ctx, &databasepb.CreateDatabaseRequest{Parent: parent,
		CreateStatement: "CREATE DATABASE `" + id + "`", ExtraStatements: statements})
	if err == nil {
		_, err = op.Wait(ctx)
	}
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	return name
}

// Alter runs DDL on a database.
func Alter(t testing.TB, name string, statements ...string) {
	t.Helper()
	admin, ctx, done := databaseAdmin(t)
	defer done()
	op, err := admin.UpdateDatabaseDdl(ctx, &databasepb.UpdateDatabaseDdlRequest{Database: name, Statements: statements})
	if err == nil {
		err = op.Wait(ctx)
	}
	if err != nil {
		t.Fatalf("alter %s: %v", name, err)
	}
}

// databaseAdmin returns a client, a context for its calls, and what ends both.
func databaseAdmin(t testing.TB) (*database.DatabaseAdminClient, context.Context, func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	admin, err := database.NewDatabaseAdminClient(ctx, dial(Host(t))...)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	return admin, ctx, func() { admin.Close(); cancel() }
}

func createInstance(host string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	admin, err := instance.NewInstanceAdminClient(ctx, dial(host)...)
	if err != nil {
		return "", err
	}
	defer admin.Close()
	id := "test-" + strings.ToLower(rand.Text())
	op, err := admin.CreateInstance(ctx, &instancepb.CreateInstanceRequest{
		Parent: project, InstanceId: id,
		Instance: &instancepb.Instance{Config: project + "/instanceConfigs/emulator-config", DisplayName: id, NodeCount: 1},
	})
	if err == nil {
		_, err = op.Wait(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("create instance on %s: %w", host, err)
	}
	return project + "/instances/" + id, nil
}

func dial(host string) []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint("passthrough:///" + host),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
		option.WithoutAuthentication(),
	}
}
