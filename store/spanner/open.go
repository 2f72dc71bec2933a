package spanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	cloud "cloud.google.com/go/spanner"
	database "cloud.google.com/go/spanner/admin/database/apiv1"
	"cloud.google.com/go/spanner/admin/database/apiv1/databasepb"
	instance "cloud.google.com/go/spanner/admin/instance/apiv1"
	"cloud.google.com/go/spanner/admin/instance/apiv1/instancepb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"flora.dev/flora/store"
)

// Options are what may be left out.
type Options struct {
	// Create makes the instance and the database where they are absent. Only
	// on the emulator: elsewhere they cost money, so people make them.
	Create bool
	// Emulator is the host:port of an emulator, by default that of the
	// environment's SPANNER_EMULATOR_HOST; without either, Google Cloud.
	Emulator string
	// Timeout bounds an operation whose context has no deadline: 10 s if 0.
	// (The client library's own bound on a Commit is an hour.)
	Timeout time.Duration
	// Connect bounds Open: 5 s if 0.
	Connect time.Duration
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	// Settle is how long instances may take to hear of a deployment, which waits
	// for it: 0 for 11 s, negative, and on an emulator 0, for not at all.
	Settle time.Duration
	// Dial are options of the gRPC connections, for interceptors.
	Dial []grpc.DialOption
}

// DB is a Spanner database.
type DB struct {
	name   string
	opts   Options
	dial   []option.ClientOption
	client *cloud.Client
	seen   lease

	// serial has one place, taken by read-write transactions on the emulator,
	// which fails concurrent ones of one client. Nil on the service.
	serial chan struct{}

	open   sync.RWMutex // read-held by each operation
	closed bool
}

var _ store.Store = (*DB)(nil)

var databaseName = regexp.MustCompile(`^projects/[^/]+/instances/[^/]+/databases/[^/]+$`)

// Open connects to the database projects/P/instances/I/databases/D and asks it
// one statement. Errors: the name has another form; the database does not
// exist; ErrUnavailable if it did not answer in time. Nothing needs to be
// deployed in it.
func Open(ctx context.Context, name string, opts Options) (*DB, error) {
	if !databaseName.MatchString(name) {
		return nil, fmt.Errorf("open spanner:%s: want spanner:projects/P/instances/I/databases/D", name)
	}
	if opts.Emulator == "" {
		opts.Emulator = os.Getenv("SPANNER_EMULATOR_HOST")
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.Connect == 0 {
		opts.Connect = 5 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Settle == 0 && opts.Emulator == "" {
		opts.Settle = leaseTime + time.Second
	}
	db := &DB{name: name, opts: opts, dial: dialOptions(opts)}
	if opts.Emulator != "" {
		db.serial = make(chan struct{}, 1)
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Connect)
	defer cancel()
	if err := db.connect(ctx); err != nil {
		if db.client != nil {
			db.client.Close()
		}
		return nil, db.openError(err)
	}
	return db, nil
}

// dialOptions are those of the data and of the admin connections.
func dialOptions(opts Options) []option.ClientOption {
	list := []option.ClientOption{
		option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(countCommits, meterCall)),
		option.WithGRPCDialOption(grpc.WithChainStreamInterceptor(meterStream)),
	}
	for _, o := range opts.Dial {
		list = append(list, option.WithGRPCDialOption(o))
	}
	if opts.Emulator != "" {
		host := opts.Emulator
		if _, after, ok := strings.Cut(host, "://"); ok {
			host = after
		}
		list = append(list,
			option.WithEndpoint("passthrough:///"+host),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
			option.WithoutAuthentication(),
		)
	}
	return list
}

func (db *DB) connect(ctx context.Context) error {
	if db.opts.Create && db.opts.Emulator != "" {
		if err := db.create(ctx); err != nil {
			return err
		}
	}
	var err error
	// The client exports metrics to Cloud Monitoring by itself, with rights
	// that a store needs for nothing else.
	config := cloud.ClientConfig{SessionPoolConfig: cloud.DefaultSessionPoolConfig, DisableNativeMetrics: true}
	// The client keeps the context for fetching credentials later on.
	if db.client, err = cloud.NewClientWithConfig(context.WithoutCancel(ctx), db.name, config, db.dial...); err != nil {
		return err
	}
	rows := db.client.Single().Query(ctx, cloud.NewStatement("SELECT 1"))
	return rows.Do(func(*cloud.Row) error { return nil })
}

// openError says in one line what was not found or not reached.
func (db *DB) openError(err error) error {
	at := "Google Cloud"
	if db.opts.Emulator != "" {
		at = "the emulator at " + db.opts.Emulator
	}
	switch {
	case isUnavailable(err):
		return fmt.Errorf("open spanner:%s: no answer from %s within %s: %w", db.name, at, db.opts.Connect, unavailable(err))
	case cloud.ErrCode(err) == codes.NotFound && db.opts.Emulator != "":
		return fmt.Errorf("open spanner:%s: no such database on %s, deploy a schema to make it: %w", db.name, at, err)
	case cloud.ErrCode(err) == codes.NotFound:
		return fmt.Errorf("open spanner:%s: no such database on %s, make it first: %w", db.name, at, err)
	}
	return fmt.Errorf("open spanner:%s on %s: %w", db.name, at, err)
}

// create makes the instance and the database on the emulator.
func (db *DB) create(ctx context.Context) error {
	inst, id, _ := strings.Cut(db.name, "/databases/")
	project, instID, _ := strings.Cut(inst, "/instances/")

	instances, err := instance.NewInstanceAdminClient(ctx, db.dial...)
	if err != nil {
		return err
	}
	defer instances.Close()
	made, err := instances.CreateInstance(ctx, &instancepb.CreateInstanceRequest{
		Parent: project, InstanceId: instID,
		Instance: &instancepb.Instance{Config: project + "/instanceConfigs/emulator-config", DisplayName: instID, NodeCount: 1},
	})
	if err == nil {
		_, err = made.Wait(ctx)
	}
	if err != nil && cloud.ErrCode(err) != codes.AlreadyExists {
		return err
	}

	databases, err := db.admin(ctx)
	if err != nil {
		return err
	}
	defer databases.Close()
	op, err := databases.CreateDatabase(ctx, &databasepb.CreateDatabaseRequest{Parent: inst, CreateStatement: "CREATE DATABASE `" + id + "`"})
	if err == nil {
		_, err = op.Wait(ctx)
	}
	if err != nil && cloud.ErrCode(err) != codes.AlreadyExists {
		return err
	}
	return nil
}

// admin opens a client for DDL: only Open and Deploy need one.
func (db *DB) admin(ctx context.Context) (*database.DatabaseAdminClient, error) {
	return database.NewDatabaseAdminClient(ctx, db.dial...)
}

// Close ends the store: running operations end first.
func (db *DB) Close() error {
	db.open.Lock()
	defer db.open.Unlock()
	if !db.closed {
		db.closed = true
		db.client.Close()
	}
	return nil
}

var errClosed = errors.New("store is closed")

// begin starts an operation: it gives the context a deadline and keeps the
// store open until end is called.
func (db *DB) begin(ctx context.Context, timeout time.Duration) (_ context.Context, end func(), err error) {
	db.open.RLock()
	if db.closed {
		db.open.RUnlock()
		return nil, nil, unavailable(errClosed)
	}
	if _, ok := ctx.Deadline(); ok {
		return ctx, db.open.RUnlock, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, func() { cancel(); db.open.RUnlock() }, nil
}
