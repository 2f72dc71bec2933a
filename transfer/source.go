package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLine is the most bytes of a line.
const maxLine = 64 << 20

// extensions are those of files with lines of JSON.
var extensions = []string{".jsonl", ".ndjson", ".json"}

// file is one file of lines.
type file struct {
	path  string
	size  int64
	table *Table // of lines that name none, as the file is called; or nil
	first int    // the place of the first table that it has rows of
}

// files are the files of lines at a path: itself, or those in the folder.
func (t *Tables) files(path string) ([]*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = inFolder(path); err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s holds no file of JSON lines (%s)", path, strings.Join(extensions, ", "))
		}
	}
	var out []*file
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(p)
		out = append(out, &file{path: p, size: info.Size(), table: t.Named(strings.TrimSuffix(name, filepath.Ext(name))), first: len(t.List)})
	}
	return out, nil
}

// inFolder finds files with lines, at any depth. Fauna put a description of
// each export beside its files.
func inFolder(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		ext := filepath.Ext(path)
		if slices.Contains(extensions, ext) && !(ext == ".json" && strings.HasPrefix(entry.Name(), "metadata")) {
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

// at is where a line begins.
type at struct {
	file   int
	line   int
	offset int64
}

// lines calls f for each line of a file that is not empty.
func (x *file) lines(index int, f func(at, []byte) error) error {
	in, err := os.Open(x.path)
	if err != nil {
		return err
	}
	defer in.Close()
	b := bufio.NewReaderSize(in, 256<<10)
	here := at{file: index, line: 1}
	for {
		line, err := readLine(b)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s:%d: %w", x.path, here.line, err)
		}
		content := bytes.TrimSpace(line)
		if here.offset == 0 {
			content = bytes.TrimPrefix(content, []byte("\ufeff"))
		}
		if len(content) > 0 {
			if err := f(here, content); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		here.line++
		here.offset += int64(len(line))
	}
}

// readLine returns a line with its end, and io.EOF with the last.
func readLine(b *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		case !errors.Is(err, bufio.ErrBufferFull):
			return line, err
		}
	}
}

// again reads lines once more, in their order.
func again(files []*file, places []at, f func(at, []byte) error) error {
	slices.SortFunc(places, func(a, b at) int {
		if a.file != b.file {
			return a.file - b.file
		}
		return a.line - b.line
	})
	var in *os.File
	var b *bufio.Reader
	for i, p := range places {
		if i == 0 || p.file != places[i-1].file {
			if in != nil {
				in.Close()
			}
			var err error
			if in, err = os.Open(files[p.file].path); err != nil {
				return err
			}
			b = bufio.NewReaderSize(in, 16<<10)
		}
		if _, err := in.Seek(p.offset, io.SeekStart); err != nil {
			in.Close()
			return err
		}
		b.Reset(in)
		line, err := readLine(b)
		if err == nil || errors.Is(err, io.EOF) {
			err = f(p, bytes.TrimPrefix(bytes.TrimSpace(line), []byte("\ufeff")))
		}
		if err != nil {
			in.Close()
			return err
		}
	}
	if in != nil {
		in.Close()
	}
	return nil
}
