package web

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type anyKey struct{}

// TestLazyDeadline: it ends as a context of the standard library does, whether
// somebody waits for it or only asks.
func TestLazyDeadline(t *testing.T) {
	for name, waits := range map[string]bool{"waits": true, "asks": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := func(parent context.Context) (*deadline, context.Context) {
					d := withDeadline(parent, time.Now().Add(time.Second))
					child := context.WithValue(d, anyKey{}, "x")
					if waits {
						child.Done()
					}
					return d, child
				}
				parent, leave := context.WithCancel(context.WithValue(t.Context(), anyKey{}, 1))
				late, child := begin(parent)
				if err := child.Err(); err != nil || late.Value(anyKey{}) != 1 {
					t.Fatalf("begins with %v, %v", err, late.Value(anyKey{}))
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if err := child.Err(); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("late: %v", err)
				}
				ended, child := begin(parent)
				ended.end()
				if err := child.Err(); !errors.Is(err, context.Canceled) {
					t.Errorf("ended: %v", err)
				}
				<-child.Done()
				_, child = begin(parent)
				below, cancel := context.WithTimeout(child, time.Hour)
				defer cancel()
				if at, ok := below.Deadline(); !ok || time.Until(at) > time.Second {
					t.Errorf("a context below it ends in %v", time.Until(at))
				}
				leave()
				synctest.Wait()
				if !errors.Is(child.Err(), context.Canceled) || !errors.Is(below.Err(), context.Canceled) {
					t.Errorf("left: %v, %v", child.Err(), below.Err())
				}
			})
		})
	}
}
