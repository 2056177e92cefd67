#!/usr/bin/env bash
# Writes the Homebrew formula of a release: homebrew.sh VERSION FOLDER, where FOLDER holds the
# checksums of the archives. Fails when one is missing.
set -euo pipefail
version=${1:?the version, without v}
folder=${2:?the folder of the checksums}
sum() {
    cut -d' ' -f1 "$folder/ingam-$1.tar.gz.sha256"
}
mac_arm=$(sum aarch64-apple-darwin)
mac_intel=$(sum x86_64-apple-darwin)
linux_arm=$(sum aarch64-unknown-linux-musl)
linux_intel=$(sum x86_64-unknown-linux-musl)
cat <<EOF
class Ingam < Formula
  desc "Signs, sends and checks marketplace API requests written in YAML"
  homepage "https://github.com/ingam-dev/ingam"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

  base = "https://github.com/ingam-dev/ingam/releases/download/v#{version}"
  on_macos do
    on_arm do
      url "#{base}/ingam-aarch64-apple-darwin.tar.gz"
      sha256 "$mac_arm"
    end
    on_intel do
      url "#{base}/ingam-x86_64-apple-darwin.tar.gz"
      sha256 "$mac_intel"
    end
  end
  on_linux do
    on_arm do
      url "#{base}/ingam-aarch64-unknown-linux-musl.tar.gz"
      sha256 "$linux_arm"
    end
    on_intel do
      url "#{base}/ingam-x86_64-unknown-linux-musl.tar.gz"
      sha256 "$linux_intel"
    end
  end

  def install
    bin.install "ingam"
    bash_completion.install "completions/ingam.bash" => "ingam"
    zsh_completion.install "completions/ingam.zsh" => "_ingam"
    fish_completion.install "completions/ingam.fish"
  end

  test do
    system bin/"ingam", "init", "shop"
    system bin/"ingam", "run", "--root", "shop"
  end
end
EOF
