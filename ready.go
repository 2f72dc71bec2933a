package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/web"
)

// The reasons that /readyz gives, beside draining. They name nothing but
// providers of the configuration: anyone may ask.
const (
	storeUnavailable = "store unavailable"
	notCurrent       = "schema revision stale"
	noKeys           = "no keys of provider "
)

// A failure shows in /readyz within readyAge plus readyTime.
const (
	readyAge  = 500 * time.Millisecond // of an answer that is given again: whoever asks may be anyone
	readyTime = time.Second            // for the store and the providers to answer
)

// ready asks the store and the verifiers.
func (s *service) ready(verifiers ...*auth.Verifier) func(context.Context) []web.Unready {
	var mu sync.Mutex
	var asked time.Time
	var answer []web.Unready
	return func(ctx context.Context) []web.Unready {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(asked) >= readyAge {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
			defer cancel()
			answer, asked = s.unready(ctx, verifiers), time.Now()
		}
		return answer
	}
}

func (s *service) unready(ctx context.Context, verifiers []*auth.Verifier) (list []web.Unready) {
	deployed := make(chan error, 1)
	current := make(chan error, 1)
	go func() {
		_, err := s.db.Deployed(ctx, 0)
		if deployed <- err; err == nil {
			current <- s.shared.current(ctx)
		}
	}()
	var missing []web.Unready
	named := map[string]bool{} // the control API has the same providers
	for _, v := range verifiers {
		for _, err := range causes(v.Ready(ctx)) {
			var keys *auth.KeysError
			if errors.As(err, &keys) && !named[keys.Provider] {
				named[keys.Provider] = true
				missing = append(missing, web.Unready{Reason: noKeys + keys.Provider, Err: err})
			}
		}
	}
	var err error
	select {
	case err = <-deployed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	reason := storeUnavailable
	if err == nil {
		reason = notCurrent
		select {
		case err = <-current:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		list = append(list, web.Unready{Reason: reason, Err: err})
	}
	return append(list, missing...)
}

// causes are the errors of a joined one.
func causes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return nil
}
