#!/usr/bin/env bash
# Everything that can be said about the source without running the product. Each
# step runs even if one before it failed; the failed ones are listed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The versions of these are in internal/tools/go.mod. `-n` builds the tool for
# this machine and prints where it is, so that GOOS can be set when it runs.
tool() { env -u GOOS -u GOARCH go tool -modfile=internal/tools/go.mod -n "$1"; }

# What is compiled for both guests, besides the guest's own half.
shared=(./internal/challenge ./internal/core ./internal/exchange ./internal/oauth ./internal/port/... ./internal/wire)

failed=()
step() {
  local name=$1
  shift
  printf 'check: %s\n' "$name"
  "$@" || failed+=("$name")
}

# tree_state prints one line for each file that is not ignored: its hash and name.
# A file that goes away meanwhile is left out, and so shows as a change.
tree_state() {
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ ! -f "$file" ] || printf '%s\0' "$file"
  done | xargs -0 sha256sum 2>/dev/null || true
}

formatted_go() {
  local files
  files=$(git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 gofmt -l)
  [ -z "$files" ] || {
    printf 'not formatted (gofmt -w):\n%s\n' "$files" >&2
    return 1
  }
}

formatted_shell() {
  git ls-files -z --cached --others --exclude-standard -- '*.sh' .ci/run |
    xargs -0 "$(tool shfmt)" -i 2 -ci -d
}

vet_native() { go vet ./...; }
vet_js() { GOOS=js GOARCH=wasm go vet ./wasm/js "${shared[@]}"; }
vet_wasip1() { GOOS=wasip1 GOARCH=wasm go vet ./wasm/plugin "${shared[@]}"; }

# staticcheck for a guest: GOOS, then the guest's own half. U1000 (unused) knows
# nothing of //go:wasmexport and takes a guest's exports, and all that they use,
# for dead; everything else is checked there too.
staticcheck_guest() {
  local bin
  bin=$(tool staticcheck) || return 1
  GOOS=$1 GOARCH=wasm "$bin" -checks=inherit,-U1000 "$2" &&
    GOOS=$1 GOARCH=wasm "$bin" "${shared[@]}"
}

staticcheck_native() { "$(tool staticcheck)" ./...; }
staticcheck_js() { staticcheck_guest js ./wasm/js; }
staticcheck_wasip1() { staticcheck_guest wasip1 ./wasm/plugin; }

tidy() {
  go mod tidy -diff && (cd internal/tools && go mod tidy -diff)
}

# The last part of it looks at the built package.
npm_check() { ./build.sh npm && npm --prefix jsbridge run --silent check; }

# The formatter is jsbridge's.
test_js() { (cd test && ../jsbridge/node_modules/.bin/biome ci .); }
example_node() { (cd examples/node && ../../jsbridge/node_modules/.bin/biome ci .); }

# It takes the built package, so this comes after npm_check.
example_web() {
  internal/tools/npm-install.sh examples/web &&
    (cd examples/web && ../../jsbridge/node_modules/.bin/biome ci . && node_modules/.bin/tsc)
}

before=$(tree_state)

step "format: Go" formatted_go
step "format: shell" formatted_shell
step "vet: native" vet_native
step "vet: js" vet_js
step "vet: wasip1" vet_wasip1
step "staticcheck: native" staticcheck_native
step "staticcheck: js" staticcheck_js
step "staticcheck: wasip1" staticcheck_wasip1
step "go.mod is tidy" tidy
step "generated from internal/wire" go run ./internal/wiregen -check
step "NOTICE" go run ./internal/checks/notice -check
step "imports, globals and paths in documents" go test -count=1 ./internal/checks
step "jsbridge: format, lint, types" npm_check
step "test: format and lint of JavaScript" test_js
step "examples/node: format and lint" example_node
step "examples/web: format, lint, types" example_web

after=$(tree_state)
changed=$({ diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") || true; } | sed -n 's/^[<>] [0-9a-f]*  //p' | sort -u)
if [ -n "$changed" ]; then
  printf 'the checks themselves changed:\n%s\n' "$changed" >&2
  failed+=("the tree stays as it was")
fi

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'check: FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
printf 'check: all passed\n'
