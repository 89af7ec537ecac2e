package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	apache := "\n                                 Apache License\n                           Version 2.0, January 2004\n\n   terms\n\n   END OF TERMS AND CONDITIONS\n\n   Copyright 2020 somebody\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
		not   []string
	}{
		{"one file", map[string]string{"LICENSE": "Copyright 2020 A\r\n\r\nDo what you like.  \n\n"}, []string{"Copyright 2020 A\n\nDo what you like.\n"}, nil},
		{"other names", map[string]string{"LICENCE.md": "A", "COPYING": "B", "NOTICE.txt": "C"}, []string{"A\n", "B\n", "C\n"}, nil},
		{"the terms of Apache are not repeated", map[string]string{"LICENSE": apache},
			[]string{"Apache License, Version 2.0: see the file LICENSE.", "Copyright 2020 somebody"}, []string{"END OF TERMS", "terms\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := texts(module{path: "example.com/x", dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, got)
				}
			}
			for _, not := range test.not {
				if strings.Contains(got, not) {
					t.Errorf("has %q:\n%s", not, got)
				}
			}
		})
	}
}

func TestAModuleWithoutALicenceIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("LICENSE"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := texts(module{path: "example.com/x", version: "v1.0.0", dir: dir}); err == nil {
		t.Errorf("got %q", got)
	}
	if got, err := texts(module{path: "example.com/x"}); err == nil {
		t.Errorf("a module that is not downloaded: got %q", got)
	}
}
