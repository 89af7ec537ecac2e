#!/usr/bin/env bash
# Builds the guests once more, in another folder and with an empty build cache,
# and compares them with those in dist/, to the byte.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

guests=(dist/remora-js.wasm dist/remora-plugin.wasm)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

mkdir "$elsewhere/copy"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  [ ! -f "$file" ] || printf '%s\0' "$file"
done | tar --null --files-from=- --create | tar --extract --directory="$elsewhere/copy"

printf 'reproducible: building once more with an empty build cache, which takes minutes\n'
GOCACHE=$elsewhere/cache "$elsewhere/copy/build.sh" js plugin
for guest in "${guests[@]}"; do
  cmp "$guest" "$elsewhere/copy/$guest"
done
printf 'reproducible: the same bytes from another folder\n'
