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
  plugin   dist/remora-plugin.wasm  the core as an Extism plugin, copied to host/guest/ and dist/npm/
  npm      dist/npm/                the npm package (builds js and plugin first)
  all      all of these (the default)

dist/lines/ has the guests with their tables of lines, for traces of the ones that
ship (CONTRIBUTING.md). LEAN=0 leaves out what makes the guests small (internal/lean).

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

# cold are the packages that no message goes through byte by byte: without inlining
# they are smaller.
readonly cold=(
  github.com/remora-mcp/remora/internal/{challenge,oauth}
  github.com/google/jsonschema-go/jsonschema
  github.com/yosida95/uritemplate/v3
  compress/flate log log/slog math/big os regexp/syntax
)

# build_guest GOOS PACKAGE FILE FLAGS... links a guest. Without what it can never
# use, unless LEAN=0: internal/lean writes an overlay for the compiler, joins the
# data segments after the link, and takes the tables of lines away. The same guest
# with these tables is kept in dist/lines. The file appears only when it is complete.
overlay=
linked=()
build_guest() {
  local goos=$1 package=$2 file=$3 full=dist/lines/${3##*/} flags=("${go_flags[@]}")
  shift 3
  say "$file"
  mkdir -p dist
  rm -f "$full"
  if [ "$lean" = 1 ]; then
    if [ -z "$overlay" ]; then
      go run ./internal/lean overlay dist/lean
      overlay=$PWD/dist/lean/overlay.json
    fi
    local uninlined=("${cold[@]/#/-gcflags=}")
    uninlined=("${uninlined[@]/%/=-l}")
    flags+=("-overlay=$overlay" "-modfile=$PWD/dist/lean/go.mod" "${uninlined[@]}")
  fi
  GOOS=$goos GOARCH=wasm go build "${flags[@]}" "$@" -o "$file.tmp" "$package"
  if [ "$lean" = 1 ]; then
    go run ./internal/lean segments "$file.tmp"
    mkdir -p dist/lines
    cp "$file.tmp" "$full"
    go run ./internal/lean strip "$file.tmp"
  fi
  mv "$file.tmp" "$file"
  linked+=("$file")
}

built_js=
build_js() {
  [ -z "$built_js" ] || return 0
  build_guest js ./wasm/js dist/remora-js.wasm
  mkdir -p dist/npm
  install -m 0644 dist/remora-js.wasm dist/npm/remora.wasm
  built_js=yes
}

built_plugin=
build_plugin() {
  [ -z "$built_plugin" ] || return 0
  build_guest wasip1 ./wasm/plugin dist/remora-plugin.wasm -buildmode=c-shared
  mkdir -p dist/npm
  install -m 0644 dist/remora-plugin.wasm host/guest/remora-plugin.wasm
  install -m 0644 dist/remora-plugin.wasm dist/npm/remora-plugin.wasm
  built_plugin=yes
}

build_npm() {
  build_js
  build_plugin
  need_node
  internal/tools/npm-install.sh jsbridge
  say "dist/npm"
  npm --prefix jsbridge run --silent build
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

lean=${LEAN:-1}
case "$lean" in
  0 | 1) ;;
  *) fail "LEAN is \"$lean\"; it can be 0 or 1" ;;
esac

use_toolchain
for target in "${targets[@]}"; do
  "build_$target"
done
need_node
sized=()
for guest in dist/remora-js.wasm:brotli:1350000 dist/remora-plugin.wasm:gzip:1900000; do
  file=${guest%%:*}
  case "$lean ${linked[*]-} " in
    1*" $file "*) sized+=("$guest") ;;
    *) sized+=("$file") ;; # a budget is for what was built lean just now
  esac
done
say "sizes (brotli takes a while for what is new)"
node internal/tools/sizes.mjs "${sized[@]}"
