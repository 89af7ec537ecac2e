#!/usr/bin/env bash
# Builds remora, starts a small MCP server of its own, calls the same tools from
# a Go program (through the plugin) and from Node (through the npm package), and
# prints what was called and how long it took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

./build.sh
mkdir -p dist/demo examples/node/node_modules
ln -sfn ../../../dist/npm examples/node/node_modules/remora-mcp
go build -o dist/demo/ ./cmd/remora ./examples/go/demo

# The server says where it listens in its first line. It is ended in any case.
coproc SERVER { exec dist/demo/remora demo-server --addr 127.0.0.1:0; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
if ! read -r -t 30 line <&"${SERVER[0]}"; then
  printf 'demo: the server did not start\n' >&2
  exit 1
fi
url=${line#listening on }

printf '\nthe MCP server listens on %s\n' "$url"
printf '\nGo, through the plugin:\n'
dist/demo/demo -rows dist/demo/go.tsv "$url"
printf '\nNode %s, through the npm package:\n' "$(node --version)"
node examples/node/demo.mjs --rows dist/demo/node.tsv "$url"

printf '\n'
# On Node the core gets ready as a part of the first connect.
awk -F '\t' '
  function line(name, outcome, go, node) { printf "%-10s  %-26s  %10s  %10s\n", name, outcome, go, node }
  FNR == NR { node[$1] = $3 " ms"; next }
  FNR == 1 { line("call", "outcome", "Go", "Node") }
  { line($1, $2, $3 " ms", ($1 in node) ? node[$1] : "-") }
' dist/demo/node.tsv dist/demo/go.tsv
