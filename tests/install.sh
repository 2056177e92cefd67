#!/usr/bin/env bash
# Installs what tests need from the registries: `tests/install.sh ci`, or `all` for the client libraries of all
# marketplaces. Client libraries of other people, pytest and Jest for docs/how-to/test-your-own-program.md, the
# validators of deploy/, the documentation as a site and what looks at its pages, the client of the language
# server, and the extension for VS Code.
set -euo pipefail
what=${1:?ci or all}
cd "$(dirname "$0")/.."
bash tests/clients/install.sh "$what"
bash tests/programs/install.sh
bash tests/deploy/install.sh
bash docs/site/build.sh install
bash tests/site/install.sh
bash tests/lsp/install.sh
bash editors/vscode/pack.sh
