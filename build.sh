#!/usr/bin/env bash
# The one recipe for everything that remora ships. What it writes is ignored by
# git; `make clean` removes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: build.sh [TARGET...]

targets:
  js       dist/remora-js.wasm      the core for JavaScript, copied to dist/npm/remora.wasm
  plugin   dist/remora-plugin.wasm  the core as an Extism plugin, copied to host/guest/
  npm      dist/npm/                the npm package (builds js first)
  all      all of these (the default)

Needs bash, Go (the version that go.mod pins) and Node 20 or newer with npm.
TEXT
}

say() { printf 'build: %s\n' "$*"; }

fail() {
  printf 'build: %s\n' "$*" >&2
  exit 1
}

# use_toolchain makes sure that the wasm comes from exactly the toolchain that
# go.mod pins: its wasm_exec.js and its standard library are part of what ships.
use_toolchain() {
  command -v go >/dev/null || fail "Go is not installed: https://go.dev/dl/"
  local want have
  want=$(awk '$1 == "toolchain" { print $2 }' go.mod)
  export GOTOOLCHAIN="${GOTOOLCHAIN:-$want}"
  have=$(go env GOVERSION)
  [ "$have" = "$want" ] || fail "this is $have, but go.mod pins $want (GOTOOLCHAIN=$GOTOOLCHAIN keeps Go from getting it)"
}

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node with npm is not installed: https://nodejs.org/"
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    fail "Node $(node --version) is too old: 20 or newer is needed"
}

# nethttpomithttp2: HTTP is spoken by the embedder, never in the guest.
readonly go_flags=(-trimpath -buildvcs=false -tags nethttpomithttp2 "-ldflags=-s -w")

built_js=
build_js() {
  [ -z "$built_js" ] || return 0
  say "dist/remora-js.wasm"
  mkdir -p dist/npm
  GOOS=js GOARCH=wasm go build "${go_flags[@]}" -o dist/remora-js.wasm ./wasm/js
  install -m 0644 dist/remora-js.wasm dist/npm/remora.wasm
  built_js=yes
}

build_plugin() {
  say "dist/remora-plugin.wasm"
  mkdir -p dist
  GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared "${go_flags[@]}" -o dist/remora-plugin.wasm ./wasm/plugin
  install -m 0644 dist/remora-plugin.wasm host/guest/remora-plugin.wasm
}

build_npm() {
  build_js
  need_node
  internal/tools/npm-install.sh jsbridge
  say "dist/npm"
  npm --prefix jsbridge run --silent build
  install -m 0644 dist/remora-js.wasm dist/npm/remora.wasm
  install -m 0644 LICENSE NOTICE dist/npm/
}

targets=()
for arg in "$@"; do
  case "$arg" in
    -h | --help)
      usage
      exit 0
      ;;
    js | plugin | npm) targets+=("$arg") ;;
    all) targets+=(js plugin npm) ;;
    *)
      usage >&2
      fail "unknown target \"$arg\""
      ;;
  esac
done
[ "${#targets[@]}" -gt 0 ] || targets=(js plugin npm)

use_toolchain
for target in "${targets[@]}"; do
  "build_$target"
done
need_node
node internal/tools/sizes.mjs dist/remora-js.wasm dist/remora-plugin.wasm
