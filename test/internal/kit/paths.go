package kit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// Root returns the top of the tree: the nearest folder above the working one
// that has a go.mod.
func Root() (string, error) { return root() }

var root = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in this folder or above it: run this inside the tree")
		}
		dir = parent
	}
})

// In returns the absolute path of a file of the tree.
func In(parts ...string) (string, error) {
	top, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(append([]string{top}, parts...)...), nil
}

// NPM returns the path of a file that npm installed for the tests, by package
// and path inside it. The error says what to run where it is not there.
func NPM(pkg string, parts ...string) (string, error) {
	path, err := In(append([]string{"test", "node_modules", filepath.FromSlash(pkg)}, parts...)...)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not installed; run: npm --prefix test ci", pkg)
	}
	return path, nil
}

// Node returns the path of a Node of that major version: the pinned one that
// npm installed, or, on systems for which the npm package of Node has none, the
// one on the PATH if it is of that major.
func Node(major int) (string, error) {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	system, program := runtime.GOOS, filepath.Join("bin", "node")
	if system == "windows" {
		system, program = "win", filepath.Join("bin", "node.exe")
	}
	pinned, err := NPM(fmt.Sprintf("node%d-%s-%s", major, system, arch), program)
	if err == nil {
		return pinned, nil
	}
	found, lookErr := exec.LookPath("node")
	if lookErr != nil {
		return "", fmt.Errorf("Node %d: %w", major, err)
	}
	out, runErr := exec.Command(found, "--version").Output()
	if version := strings.TrimSpace(string(out)); runErr != nil || !strings.HasPrefix(version, fmt.Sprintf("v%d.", major)) {
		return "", fmt.Errorf("Node %d: %w (the node on the PATH is %s)", major, err, version)
	}
	return found, nil
}

// Package returns the folder of the built npm package, dist/npm. The error says
// what to run where it has not been built.
func Package() (string, error) {
	return built("dist", "npm", "package.json")
}

// Plugin reports an error that says what to run where the plugin has not been
// built into the host.
func Plugin() error {
	_, err := built("host", "guest", "remora-plugin.wasm")
	return err
}

func built(parts ...string) (string, error) {
	path, err := In(parts...)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing; run: make build", filepath.Join(parts...))
	}
	return filepath.Dir(path), nil
}

// Temp returns a folder under dist/test for what a test builds, made if it is
// not there.
func Temp(parts ...string) (string, error) {
	dir, err := In(append([]string{"dist", "test"}, parts...)...)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// version is how a module's version looks.
var version = regexp.MustCompile(`^v[0-9][0-9A-Za-z.+-]*$`)

// Module returns the folder of a dependency's source in the module cache.
func Module(path string) (string, error) {
	top, err := Root()
	if err != nil {
		return "", err
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", path)
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", path, err)
	}
	v, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if !version.MatchString(v) || dir == "" {
		return "", fmt.Errorf("module %s is not in the module cache; run: go mod download", path)
	}
	return dir, nil
}
