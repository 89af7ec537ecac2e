#!/usr/bin/env bash
# Runs every test of what build.sh has built. Each part writes a JUnit report;
# the last line adds them up: "N passed, N failed". Each part runs even if one
# before it failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: internal/tools/test.sh [--full] [PART...]

parts (all of them by default, in this order):
  go      packages of the module, the ones of the core with the race detector
  js      the npm package on Node 22 and 24
  system  test/: conformance, interoperability, browser

--full adds the race detector to every package and fuzzes each parser of foreign
bytes for FUZZ_SECONDS (60) each.
TEXT
}

full=
parts=()
for arg in "$@"; do
  case "$arg" in
    -h | --help)
      usage
      exit 0
      ;;
    --full) full=yes ;;
    go | js | system) parts+=("$arg") ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done
[ "${#parts[@]}" -gt 0 ] || parts=(go js system)

# What the tests write of this run: reports, and the secrets that test/canary looks
# for at the end. What an earlier run left in dist/test is searched with it.
readonly reports=dist/test/reports
rm -rf "$reports" dist/canaries
mkdir -p "$reports"

# Each finished part, as internal/checks/testsum reads it.
results=()

# run NAME COMMAND... runs one part, whose command writes $reports/NAME.xml.
run() {
  local name=$1 status=0
  shift
  printf '\ntest: %s\n' "$name"
  "$@" || status=$?
  results+=("$name:$status:$reports/$name.xml")
}

testsum=$PWD/dist/test/bin/testsum
go build -o "$testsum" ./internal/checks/testsum || exit 1
gotestsum=$(go tool -modfile=internal/tools/go.mod -n gotestsum) || exit 1

# go_test NAME FLAGS PACKAGE... where FLAGS is one word for go test, or "".
go_test() { run "$1" go_tested "$@"; }

go_tested() {
  local name=$1 flags=$2
  shift 2
  # shellcheck disable=SC2086 # FLAGS is meant to be split
  "$gotestsum" --format=pkgname-and-test-fails --format-hide-empty-pkg --junitfile="$reports/$name.xml" \
    --junitfile-project-name=remora -- $flags "$@"
}

# fuzzed NAME FLAGS PACKAGE is go_tested for fuzzing. Before Go 1.27 that can fail
# by the end of its own time (golang/go#75804): then it has found nothing, says no
# more than that, and is done again.
fuzzed() {
  go_tested "$@" && return
  local report=$reports/$1.xml
  grep -q 'context deadline exceeded' "$report" || return 1
  ! grep -q -E 'Failing input|panic:|_test\.go:' "$report" || return 1
  printf 'test: %s ended by its own time; again\n' "$1"
  go_tested "$@"
}

# can_race says whether the race detector can be linked: it needs a C compiler.
can_race() {
  [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null
}

# The core's packages are small and full of goroutines: the race detector costs
# seconds there. host/ compiles the plugin with wazero, which it slows down.
readonly core=(./internal/core ./internal/exchange ./internal/port/... ./internal/wire)

part_go() {
  local others flags=
  mapfile -t others < <(go list ./... | grep -v -E '/(internal/(core|exchange|port|wire)|test)(/|$)')
  if can_race; then
    go_test go-core -race "${core[@]}"
    [ -z "$full" ] || flags="-race -timeout=30m"
  else
    printf 'test: no C compiler, so no race detector\n'
    go_test go-core "" "${core[@]}"
  fi
  go_test go "$flags" "${others[@]}"
  [ -z "$full" ] || part_fuzz
}

# part_fuzz runs each fuzz test of the module for a while; what it finds is
# written to the package's testdata and fails from then on as a plain test.
part_fuzz() {
  local pkg name
  while read -r pkg name; do
    run "fuzz-$name" fuzzed "fuzz-$name" "-run=^\$ -fuzz=^$name\$ -fuzztime=${FUZZ_SECONDS:-60}s" "$pkg"
  done < <(go list -f '{{.ImportPath}} {{.Dir}}' ./internal/... ./host/... | while read -r pkg dir; do
    grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed "s|^func |$pkg |"
  done)
}

# pinned_node prints the Node of that major that npm installed for the tests,
# or the one on the PATH where npm has none for this system.
pinned_node() {
  local os arch bin
  os=$(uname -s | tr '[:upper:]' '[:lower:]')
  case "$(uname -m)" in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) arch=$(uname -m) ;;
  esac
  bin=$PWD/test/node_modules/node$1-$os-$arch/bin/node
  if [ ! -x "$bin" ]; then
    bin=$(command -v node) || return 1
    case "$("$bin" --version)" in
      "v$1."*) ;;
      *) return 1 ;;
    esac
  fi
  printf '%s\n' "$bin"
}

js_test() {
  local node
  node=$(pinned_node "$1") || {
    printf 'test: no Node %s: npm --prefix test ci, or put it on the PATH\n' "$1" >&2
    return 1
  }
  JUNIT_FILE=$PWD/$reports/js-node$1.xml "$node" jsbridge/scripts/test.js
}

part_js() {
  run js-node22 js_test 22
  run js-node24 js_test 24
}

part_system() {
  # Servers, browsers and scenarios share ports, processors and timing.
  go_test system "-count=1 -p=1 -timeout=20m" ./test/...
  run secrets no_secrets
}

# no_secrets holds that no secret is in what the tests have written: traces,
# snapshots, logs, reports. It comes after the tests that put secrets there.
no_secrets() {
  local status=0 failure=
  go run ./test/canary || status=1 failure='<failure/>'
  printf '<testsuite><testcase classname="test/canary" name="no secret was written">%s</testcase></testsuite>\n' \
    "$failure" >"$reports/secrets.xml"
  return "$status"
}

case " ${parts[*]} " in
  *" js "* | *" system "*) internal/tools/npm-install.sh test || exit 1 ;;
esac
for part in "${parts[@]}"; do
  "part_$part"
done
"$testsum" "${results[@]}"
