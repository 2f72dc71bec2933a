package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPlayground drives the playground in headless Chromium: become somebody,
// run an operation, read what rules hid. FLORA_SCREENSHOTS names a folder for
// pictures to look at.
func TestPlayground(t *testing.T) {
	path, err := exec.LookPath("chromium")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("chromium is missing")
	case err != nil:
		t.Skip("chromium is not installed")
	}
	_, base := dev(t, "--data-dir", t.TempDir())
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1400, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 60*time.Second)
	defer cancel()

	shot := func(name string) chromedp.Action {
		return chromedp.ActionFunc(func(ctx context.Context) error {
			dir := os.Getenv("FLORA_SCREENSHOTS")
			if dir == "" {
				return nil
			}
			var png []byte
			if err := chromedp.CaptureScreenshot(&png).Do(ctx); err != nil {
				return err
			}
			return os.WriteFile(dir+"/"+name+".png", png, 0o644)
		})
	}
	const operation = "{ products { totalCount nodes { name cost } } }"
	run := chromedp.Tasks{
		chromedp.Evaluate(`document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue(`+"`"+operation+"`"+`)`, nil),
		chromedp.Click(".graphiql-execute-button", chromedp.ByQuery),
	}
	await := func(id, text string) chromedp.Action {
		return chromedp.PollFunction(`(id, text) => document.querySelector(id)?.innerText.includes(text)`, nil,
			chromedp.WithPollingArgs(id, text), chromedp.WithPollingTimeout(20*time.Second))
	}
	var response, hidden, caller string
	err = chromedp.Run(ctx,
		chromedp.Navigate(base+"/"),
		chromedp.WaitVisible(".graphiql-execute-button", chromedp.ByQuery),
		chromedp.SendKeys("#sub", "grace", chromedp.ByQuery),
		chromedp.Click("#who button[type=submit]", chromedp.ByQuery),
		await("#caller", "grace"),
		run,
		await("#hidden", "Product.read"),
		shot("grace"),
		chromedp.Evaluate(`document.querySelector(".result-window .CodeMirror").CodeMirror.getValue()`, &response),
		chromedp.Text("#hidden", &hidden, chromedp.ByQuery),
		chromedp.Click("#nobody", chromedp.ByQuery),
		await("#caller", "anonymous"),
		chromedp.Text("#caller", &caller, chromedp.ByQuery),
		shot("anonymous"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(response, `"totalCount"`) || strings.Contains(response, `"errors"`) {
		t.Errorf("answer: %s", response)
	}
	if !strings.Contains(hidden, "hidden") || !strings.Contains(hidden, "schema.graphql") || !strings.Contains(hidden, "cost") {
		t.Errorf("what rules hid: %s", hidden)
	}
	if caller != "anonymous" {
		t.Errorf("caller %q", caller)
	}
}
