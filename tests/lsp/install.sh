#!/usr/bin/env bash
# Installs the protocol library of VS Code below target/lsp-client, for the tests with a real client.
# The version is pinned, and no package runs a script of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${INGAM_LSP_CLIENT:-$here/../../target/lsp-client}
mkdir -p "$target"
cp "$here/node/package.json" "$here/node/package-lock.json" "$target"
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
