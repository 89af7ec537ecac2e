#!/usr/bin/env bash
# Measures remora and its peers side by side, in what build.sh has built, and writes
# dist/bench.json. `internal/tools/bench.sh --help` has the flags; docs/performance.md
# says what came of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

internal/tools/npm-install.sh test >&2
exec go run ./test/bench "$@"
