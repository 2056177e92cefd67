#!/usr/bin/env bash
# Packs one binary as the release offers it: package.sh TARGET BINARY FOLDER
#
# Writes FOLDER/ingam-TARGET.tar.gz (.zip for Windows) and its checksum. The archive holds one folder
# of its own name with the binary, the licences, the README, the changelog and the completions. The same
# files give the same bytes.
set -euo pipefail
target=${1:?the target}
binary=${2:?the binary}
out=${3:?the folder}
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

folder=$work/ingam-$target
mkdir -p "$folder/completions"
cp "$here"/{README.md,CHANGELOG.md,LICENSE-MIT,LICENSE-APACHE} "$folder"
cp "$binary" "$folder"
chmod 755 "$folder/$(basename "$binary")"
# A binary of another system cannot write its own completions: the release hands them over.
if [ -n "${INGAM_COMPLETIONS:-}" ]; then
    cp "$INGAM_COMPLETIONS"/* "$folder/completions"
else
    for shell in bash zsh fish powershell elvish; do
        "$binary" completions "$shell" >"$folder/completions/ingam.$shell"
    done
fi

case $target in
*windows*)
    archive=ingam-$target.zip
    # The Windows machines of GitHub have 7-Zip and no zip.
    if command -v zip >/dev/null; then
        (cd "$work" && find "ingam-$target" -type f | LC_ALL=C sort | zip -q -X "$out/$archive" -@)
    else
        (cd "$work" && 7z a -tzip -bso0 "$(cygpath -w "$out")\\$archive" "ingam-$target")
    fi
    ;;
*)
    archive=ingam-$target.tar.gz
    time=$(git -C "$here" log -1 --format=%ct)
    # bsdtar of macOS has no --sort: names are handed over in their order.
    (cd "$work" && find "ingam-$target" -type f | LC_ALL=C sort >files &&
        if tar --version | grep -q GNU; then
            tar --owner=0 --group=0 --numeric-owner --mtime="@$time" -cf - -T files | gzip -n -9 >"$out/$archive"
        else
            tar --uid 0 --gid 0 -cf - -T files | gzip -n -9 >"$out/$archive"
        fi)
    ;;
esac
cd "$out"
if command -v sha256sum >/dev/null; then
    sha256sum "$archive" >"$archive.sha256"
else
    shasum -a 256 "$archive" >"$archive.sha256"
fi
cat "$archive.sha256"
