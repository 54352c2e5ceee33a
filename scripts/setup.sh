#!/usr/bin/env bash
# Installs the Debian packages that parts of Portcullis call: the kernel side and the browser tests.
# `npm run screenshots` also wants a font with Chinese characters, such as that of fonts-noto-cjk, which nothing else needs.
# Safe to run again: what is there already is left alone.
#
#     scripts/setup.sh           install what is missing
#     scripts/setup.sh --check   only say what is missing (exit 1 when something is)
set -euo pipefail

# A program that must be found, and the package that brings it.
requirements=(
  'nft nftables'
  'conntrack conntrack'
  'ip iproute2'
  'chromium chromium'
)
# System programs live here, and the PATH of ordinary users often lacks it.
PATH="$PATH:/usr/sbin:/sbin"

usage() {
  echo "usage: scripts/setup.sh [--check]" >&2
  exit 2
}

check_only=false
case "${1-}" in
  '') ;;
  --check) check_only=true ;;
  *) usage ;;
esac
[ $# -le 1 ] || usage

missing=()
for requirement in "${requirements[@]}"; do
  read -r program package <<<"$requirement"
  command -v "$program" >/dev/null || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then
  echo 'setup: all system packages are there'
  exit 0
fi
if $check_only; then
  echo "setup: missing: ${missing[*]}" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: this script knows Debian and its relatives only; install with your own package manager: ${missing[*]}" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo 'setup: done'
