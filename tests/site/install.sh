#!/usr/bin/env bash
# Installs below target/site-tests what the site and the HTML report are checked with. Versions and
# hashes are pinned, and no package runs a script of its own. The browser is Debian's package chromium.
#
# To change a version: edit `package.json`, then `install.sh lock`.
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
target=${INGAM_SITE_TESTS:-$folder/../../target/site-tests}

if [ "${1:-}" = lock ]; then
    (cd "$folder" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund)
    exit
fi

mkdir -p "$target"
cp "$folder/package.json" "$folder/package-lock.json" "$target"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
