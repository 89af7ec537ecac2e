package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A saver writes binary content into a folder. File names are made here, from
// the tool's name and a number: nothing that a server says can choose a path,
// and no file is overwritten.
type saver struct {
	dir  string
	base string
	next int
}

// maxFiles bounds the numbers tried for a file's name.
const maxFiles = 10_000

// newSaver makes the folder if it is not there.
func newSaver(dir, tool string) (*saver, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, usage("--output: %v", err)
	}
	base := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, tool)
	return &saver{dir: dir, base: base[:min(len(base), 64)], next: 1}, nil
}

// extensions are those of the types that results often hold.
var extensions = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/svg+xml": ".svg",
	"audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/x-wav": ".wav", "audio/ogg": ".ogg", "audio/flac": ".flac",
	"application/pdf": ".pdf", "application/json": ".json", "application/zip": ".zip", "text/plain": ".txt", "text/csv": ".csv",
}

// write puts content into a new file and returns its name.
func (s *saver) write(mimeType string, content []byte) (string, error) {
	mediaType, _, _ := strings.Cut(strings.ToLower(mimeType), ";")
	ext := extensions[strings.TrimSpace(mediaType)]
	if ext == "" {
		ext = ".bin"
	}
	for ; s.next <= maxFiles; s.next++ {
		name := filepath.Join(s.dir, fmt.Sprintf("%s-%d%s", s.base, s.next, ext))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("--output: %w", err)
		}
		s.next++
		_, err = f.Write(content)
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return "", fmt.Errorf("--output: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("--output: there are too many files named %s-*", s.base)
}
