package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"flora.dev/flora/internal/strictjson"
)

const fileEvery = time.Second // a local file costs nothing to read again

// remoteKeys fetches a key set over HTTP.
type remoteKeys struct {
	client   *http.Client
	issuer   string // asked for its discovery document if url is empty
	url      string
	loopback bool // plain http to a loopback address is allowed

	// Of the last answer; fetches are never concurrent (keySource).
	from, etag string
	body       []byte
}

func (f *remoteKeys) fetch(ctx context.Context, previous *keySet) (*keySet, time.Duration, error) {
	url := f.url
	if url == "" {
		var err error
		if url, err = f.discover(ctx); err != nil {
			return nil, 0, err
		}
	}
	etag := f.etag
	if url != f.from || previous == nil {
		etag = ""
	}
	res, body, err := get(ctx, f.client, url, etag)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch key set: %w", err)
	}
	maxAge := maxAgeOf(res.Header)
	if res.StatusCode == http.StatusNotModified && etag != "" {
		return previous, maxAge, nil
	}
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch key set: %s answered %s", url, res.Status)
	}
	if previous != nil && url == f.from && bytes.Equal(body, f.body) {
		f.etag = res.Header.Get("ETag")
		return previous, maxAge, nil
	}
	set, err := parseKeySet(body)
	if err != nil {
		return nil, 0, err
	}
	set.text = string(body)
	f.from, f.etag, f.body = url, res.Header.Get("ETag"), body
	return set, maxAge, nil
}

// discover asks for the address of the key set (OpenID Connect Discovery 1.0
// section 4). It is asked anew each time: a set that moved must not leave
// withdrawn keys in use at its old address.
func (f *remoteKeys) discover(ctx context.Context) (string, error) {
	url := strings.TrimSuffix(f.issuer, "/") + "/.well-known/openid-configuration"
	res, body, err := get(ctx, f.client, url, "")
	if err != nil {
		return "", fmt.Errorf("discover issuer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("discover issuer: %s answered %s", url, res.Status)
	}
	document, err := strictjson.Object(body)
	if err != nil {
		return "", fmt.Errorf("discover issuer: %s: %w", url, err)
	}
	if document["issuer"] != f.issuer { // section 4.3, exactly
		if named, _ := document["issuer"].(string); strings.TrimSuffix(named, "/") == strings.TrimSuffix(f.issuer, "/") {
			return "", fmt.Errorf("discover issuer: the slash at the end counts: %s names the issuer %q, configured is %q", url, named, f.issuer)
		}
		return "", fmt.Errorf("discover issuer: %s names the issuer %q, configured is %q", url, document["issuer"], f.issuer)
	}
	keys, _ := document["jwks_uri"].(string)
	err = checkURL(keys, f.loopback)
	if err == nil && !f.loopback {
		err = refuseDevURL(keys, false) // as if it were configured
	}
	if err != nil {
		return "", fmt.Errorf("discover issuer: jwks_uri: %w", err)
	}
	return keys, nil
}

// get reads a small document. The client must not follow redirects.
func get(ctx context.Context, client *http.Client, url, etag string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", url, err)
	}
	if len(body) > maxDocument {
		return nil, nil, fmt.Errorf("read %s: larger than 256 KiB", url)
	}
	return res, body, nil
}

// httpClient prepares a client: an issuer answers by itself or not at all, so
// that nobody is led to an address that was not checked; no cookies.
func httpClient(given *http.Client) *http.Client {
	client := &http.Client{}
	if given != nil {
		*client = *given
	} else if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = transport.Clone()
		transport.DisableKeepAlives = true // two requests in five minutes
		client.Transport = transport
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

// maxAgeOf returns max-age of Cache-Control, 0 without a usable one; max-age=0
// counts as the shortest there is.
func maxAgeOf(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
		if err != nil {
			return 0
		}
		return max(time.Duration(seconds)*time.Second, time.Nanosecond)
	}
	return 0
}

// fileKeys reads a key set from a local file.
type fileKeys struct {
	path string
	body []byte
}

func (f *fileKeys) fetch(_ context.Context, previous *keySet) (*keySet, time.Duration, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, 0, fmt.Errorf("open key set: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, 0, errors.Join(fmt.Errorf("open key set: %s is not a regular file", f.path), err)
	}
	body, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err != nil {
		return nil, 0, fmt.Errorf("read key set: %w", err)
	}
	if previous != nil && bytes.Equal(body, f.body) {
		return previous, 0, nil
	}
	set, err := parseKeySet(body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", f.path, err)
	}
	f.body = body
	return set, 0, nil
}

// memoryKeys is the key set of the dev issuer, in this process.
type memoryKeys struct{ issuer *DevIssuer }

func (f memoryKeys) fetch(context.Context, *keySet) (*keySet, time.Duration, error) {
	return f.issuer.keySet(), 0, nil
}
