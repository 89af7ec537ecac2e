#!/usr/bin/env bash
# Installs what a folder's package-lock.json pins, unless that has been done.
#
#   internal/tools/npm-install.sh FOLDER
#
# Not `npm ci`: that refuses a lock which lacks an optional package of some other
# platform, and which of those a registry offers differs. Versions and hashes
# come from the lock all the same, and --no-save keeps it as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=$1
# npm writes this file last, so it is newer than the lock that it has installed.
if [ ! "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then
  printf 'npm: %s/node_modules\n' "$folder"
  npm --prefix "$folder" install --no-save --no-audit --no-fund --loglevel=error
fi
