#!/usr/bin/env bash
# Installs ingam into INGAM_INSTALL_DIR, unless the cache has brought it, and puts it on the path of
# the steps that follow.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${INGAM_INSTALL_DIR:?}
if ! "$folder/ingam" --version >/dev/null 2>&1; then
    if [ "${RUNNER_OS:-}" = Windows ]; then
        powershell -ExecutionPolicy Bypass -File "$(cygpath -w "$here/../install/install.ps1")"
    else
        sh "$here/../install/install.sh"
    fi
fi
echo "$folder" >>"$GITHUB_PATH"
