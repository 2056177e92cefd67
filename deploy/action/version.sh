#!/usr/bin/env bash
# Says which version the action installs, and where: `version` and `folder` in GITHUB_OUTPUT.
# `latest` is looked up first, because the name of the cache must hold the version.
set -euo pipefail
version=${INGAM_VERSION:?}
if [ "$version" = latest ]; then
    version=$(gh release view --repo ingam-dev/ingam --json tagName --jq .tagName) || {
        echo "::error::The latest release of ingam cannot be looked up. Set the input \`version\`, such as v0.2.0." >&2
        exit 1
    }
fi
if ! [[ $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
    echo "::error::\`$version\` is not a version. Write it as v0.2.0, or \`latest\`." >&2
    exit 1
fi
{
    echo "version=$version"
    echo "folder=${RUNNER_TOOL_CACHE:-$HOME}/ingam/$version"
} >>"$GITHUB_OUTPUT"
