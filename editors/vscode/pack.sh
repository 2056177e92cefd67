#!/usr/bin/env bash
# Packs the extension as editors/vscode/ingam.vsix. Versions are pinned, and of the packages only
# esbuild runs a script of its own, which puts its program in place.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node node_modules/esbuild/install.js
npm run --silent package
