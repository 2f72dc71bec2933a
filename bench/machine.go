package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine says where a run takes place: writes depend on what the disk takes to
// keep a page.
func machine(dir string) (string, error) {
	sync, err := syncTime(filepath.Join(dir, "sync"))
	if err != nil {
		return "", fmt.Errorf("time the disk: %w", err)
	}
	model := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo") // of Linux on x86
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s, a page synced to disk in %d us, %s", model, runtime.NumCPU(), runtime.Version(), sync.Microseconds(), time.Now().Format(time.DateOnly)), nil
}

func syncTime(file string) (time.Duration, error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer os.Remove(file)
	defer f.Close()
	const times = 50
	began := time.Now()
	for range times {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return time.Since(began) / times, nil
}
