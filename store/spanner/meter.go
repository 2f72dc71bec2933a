package spanner

import (
	"context"
	"errors"
	"strings"

	cloud "cloud.google.com/go/spanner"
	"google.golang.org/grpc"

	"flora.dev/flora/store"
)

// tagged names the request that a statement runs for: Spanner's statistics go
// by the tag. Transactions carry it as theirs.
// https://cloud.google.com/spanner/docs/introspection/troubleshooting-with-tags
func tagged(ctx context.Context) cloud.QueryOptions {
	return cloud.QueryOptions{RequestTag: store.MeterOf(ctx).Tag}
}

// unanswered is the error of a mutation that committed and of which the answer
// was not read. What asks for another plan is none: nothing was written then.
func unanswered(err error, committed int64) error {
	if committed == 0 || errors.Is(err, store.ErrStale) {
		return err
	}
	return &store.UnansweredError{CommitTime: committed, Err: err}
}

// meterCall and meterStream count the requests of a meter, those that the
// client library sends again included.
func meterCall(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	meter(ctx, method)
	return invoke(ctx, method, req, reply, cc, opts...)
}

func meterStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	meter(ctx, method)
	return open(ctx, desc, cc, method, opts...)
}

func meter(ctx context.Context, method string) {
	if strings.HasPrefix(method, "/google.spanner.v1.Spanner/") {
		store.MeterOf(ctx).Trip()
	}
}
