#!/bin/sh
# Installs ingam from a release:
#
#   curl -fsSL https://github.com/ingam-dev/ingam/releases/latest/download/install.sh | sh
#
# INGAM_VERSION      a version such as v0.2.0; the latest one without it
# INGAM_INSTALL_DIR  where to; ~/.local/bin without it
# INGAM_DOWNLOAD     where archives come from, for a mirror of your own
#
# The archive is compared with its SHA-256 checksum before anything is unpacked. Nothing outside the
# folder is changed.
set -eu

fail() {
    echo "install ingam: $1" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# The name that Rust has for this machine.
target() {
    case $(uname -m) in
    x86_64 | amd64) arch=x86_64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) fail "there is no binary for $(uname -m). With Rust installed, run: cargo install ingam --locked" ;;
    esac
    case $(uname -s) in
    # The static binary runs on every Linux, however old its libraries are.
    Linux) echo "$arch-unknown-linux-musl" ;;
    Darwin) echo "$arch-apple-darwin" ;;
    *) fail "there is no binary for $(uname -s). With Rust installed, run: cargo install ingam --locked" ;;
    esac
}

download() {
    if have curl; then
        curl -fsSL --retry 3 -o "$2" "$1"
    elif have wget; then
        wget -q -O "$2" "$1"
    else
        fail "neither curl nor wget is installed"
    fi || fail "cannot download $1"
}

checksum() {
    if have sha256sum; then
        sha256sum "$1" | cut -d' ' -f1
    elif have shasum; then
        shasum -a 256 "$1" | cut -d' ' -f1
    else
        fail "neither sha256sum nor shasum is installed, so the download cannot be verified"
    fi
}

main() {
    releases=https://github.com/ingam-dev/ingam/releases
    if [ -n "${INGAM_VERSION:-}" ]; then
        from=${INGAM_DOWNLOAD:-$releases/download/$INGAM_VERSION}
    else
        from=${INGAM_DOWNLOAD:-$releases/latest/download}
    fi
    folder=${INGAM_INSTALL_DIR:-$HOME/.local/bin}
    target=$(target)
    archive=ingam-$target.tar.gz

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    download "$from/$archive" "$work/$archive"
    download "$from/$archive.sha256" "$work/$archive.sha256"
    expected=$(cut -d' ' -f1 "$work/$archive.sha256")
    actual=$(checksum "$work/$archive")
    [ "$expected" = "$actual" ] ||
        fail "the checksum of $archive is $actual, and $expected was expected. Nothing was installed"

    tar -xzf "$work/$archive" -C "$work" "ingam-$target/ingam" || fail "$archive does not hold ingam"
    mkdir -p "$folder"
    # Beside the old binary first: a running one cannot be overwritten.
    cp "$work/ingam-$target/ingam" "$folder/ingam.new"
    chmod 755 "$folder/ingam.new"
    version=$("$folder/ingam.new" --version) || {
        rm -f "$folder/ingam.new"
        fail "the binary of $archive does not start on this machine. Nothing was installed"
    }
    mv "$folder/ingam.new" "$folder/ingam"
    echo "$version is installed in $folder"
    case :$PATH: in
    *:"$folder":*) ;;
    *) echo "Add it to your path: export PATH=\"$folder:\$PATH\"" ;;
    esac
}

# The last line: a script that was cut off while it was downloaded does nothing.
main
