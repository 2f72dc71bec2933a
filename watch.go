package main

import (
	"fmt"
	"os"
	"time"
)

// watcher deploys a schema file again whenever it was saved.
type watcher struct {
	*app
	file    string
	allow   []string
	service *service
	seen    fileStamp
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	changed time.Time
	size    int64
}

// stamp of a file; the zero value while there is none, as between the two
// steps in which editors replace a file.
func stamp(name string) fileStamp {
	info, err := os.Stat(name)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{info.ModTime(), info.Size()}
}

// run looks at the file at every tick until the context ends.
func (w *watcher) run(ticks <-chan time.Time) {
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-ticks:
			now := stamp(w.file)
			if now == w.seen || now == (fileStamp{}) {
				continue
			}
			w.seen = now
			w.deploy()
		}
	}
}

// deploy brings the store to what the file says now. Where it cannot, the
// version before stays.
func (w *watcher) deploy() {
	next, err := loadSchema(w.file)
	if err != nil {
		w.report(err)
		w.stays()
		return
	}
	w.warn(next)
	p, err := plan(w.ctx, w.service.db, next, false, w.allow...)
	switch {
	case err != nil:
		w.report(err)
		w.stays()
		return
	case len(p.refused()) > 0:
		p.printRefused(w.stderr)
		fmt.Fprintln(w.stderr, "flora: this would lose data; start again with --allow, or with --reset to drop all documents and deploy it")
		w.stays()
		return
	case p.unchanged():
		return
	}
	d, err := p.apply(w.ctx, w.service.db)
	if err == nil {
		err = w.service.publish(d)
	}
	if err != nil {
		w.report(err)
		w.stays()
		return
	}
	fmt.Fprintf(w.stdout, "%s deployed as version %d\n", w.file, d.Version)
	p.print(w.stdout)
}

func (w *watcher) stays() {
	if v := w.service.data.Version(); v != nil {
		fmt.Fprintf(w.stderr, "flora: version %d stays\n", v.Number)
	}
}
