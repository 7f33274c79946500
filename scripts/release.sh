#!/usr/bin/env bash
# Builds a release: scripts/release.sh [--dry-run] [--binary FILE] [--out DIR]
#   --dry-run      say what would be done, check what can be checked, and write nothing
#   --binary FILE  pack this program instead of building one; without a list of what is in it
#   --out DIR      where to put it (target/dist-files)
#
# The same commit, compiler and machine type make the same bytes: paths are taken out of the program, archives have sorted
# names, the commit's date and no owner. docs/releasing.md says how that is checked.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

CYCLONEDX=0.5.9
LIST=weir-release-parts
dry='' binary='' out=$root/target/dist-files
usage() {
  sed -n '2,5s/^# //p' "$0" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --binary) binary=${2:?$(usage)} && shift ;;
    --out) out=${2:?$(usage)} && shift ;;
    *) usage ;;
  esac
  shift
done

say() { echo "release: $*" >&2; }
fail() {
  say "$*"
  exit 1
}
# Runs a command, or says that it would.
run() {
  if [ -n "$dry" ]; then
    printf 'would run:' >&2
    printf ' %q' "$@" >&2
    echo >&2
  else
    "$@"
  fi
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
target=$(rustc -vV | sed -n 's/^host: //p')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
umask 022
name=weir-$version-$target

check() {
  local chart
  chart=$(sed -n 's/^version: //p' deploy/helm/weir/Chart.yaml)
  [ "$chart" = "$version" ] || fail "the chart's version is $chart, weir's is $version"
  grep -q "^appVersion: \"$version\"$" deploy/helm/weir/Chart.yaml || fail "the chart's appVersion is not $version"
  if [ -n "$dry$binary" ]; then
    return
  fi
  [ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed"
  [ "$(git describe --exact-match --tags 2>/dev/null)" = "v$version" ] || fail "this commit has no tag v$version"
  grep -q "^## $version" CHANGELOG.md || fail "CHANGELOG.md has no section $version"
}

build() {
  local cargo_home=${CARGO_HOME:-$HOME/.cargo} sysroot map
  sysroot=$(rustc --print sysroot)
  map="-ffile-prefix-map=$root=/weir -ffile-prefix-map=$cargo_home=/cargo"
  run make dashboard
  # A folder of its own, so that nothing built with other flags gets in.
  run env CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$root/target/dist-build" CFLAGS="$map" \
    RUSTFLAGS="--remap-path-prefix=$root=/weir --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$sysroot=/rust" \
    cargo build --profile dist --package weir --locked
  binary=$root/target/dist-build/dist/weir
}

# What the program and the pages are made of, as CycloneDX, without what differs from run to run and place to place.
list_parts() {
  local tools=$root/target/release-tools
  if [ ! -x "$tools/bin/cargo-cyclonedx" ]; then
    run cargo install cargo-cyclonedx --version "$CYCLONEDX" --locked --root "$tools"
  fi
  # It writes a file beside the manifest of every member; tidy takes them away.
  run "$tools/bin/cargo-cyclonedx" cyclonedx --manifest-path crates/weir/Cargo.toml --format json \
    --spec-version 1.5 --target "$target" --override-filename "$LIST"
  [ -n "$dry" ] || sed "s#$root#/weir#g" "crates/weir/$LIST.json" >"$work/weir.cdx.json"
  list_of_pages
}

list_of_pages() {
  if [ -n "$dry" ]; then
    say "would write dashboard.cdx.json by npm sbom"
    return
  fi
  (cd dashboard && npm sbom --sbom-format cyclonedx --package-lock-only) |
    python3 -c '
import datetime, json, os, sys
bom = json.load(sys.stdin)
bom.pop("serialNumber", None)
moment = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
bom["metadata"]["timestamp"] = moment.isoformat().replace("+00:00", "Z")
json.dump(bom, sys.stdout, indent=2, sort_keys=True)
print()' >"$work/dashboard.cdx.json"
}

# An archive whose bytes depend on names, modes and contents alone: file, folder, member.
archive() {
  local file=$1 folder=$2 member=$3
  tar --create --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --mode='u=rwX,go=rX' --directory "$folder" "$member" | gzip -n -9 >"$file"
}

# What git knows of these folders, and nothing that lies about; links become what they lead to.
tracked() {
  git ls-files -z "$@" | tar --create --dereference --null --files-from=-
}

pack() {
  local folder=$work/$name shell
  mkdir -p "$folder/completions"
  install -m 0755 "$binary" "$folder/weir"
  cp README.md LICENSE CHANGELOG.md SECURITY.md "$folder"
  tracked docs schema deploy/systemd deploy/grafana deploy/prometheus | tar --extract --directory "$folder"
  for shell in bash zsh fish; do
    "$binary" completions "$shell" >"$folder/completions/weir.$shell"
  done
  for file in "$work"/*.cdx.json; do
    [ ! -e "$file" ] || cp "$file" "$folder"
  done
  mkdir -p "$out"
  archive "$out/$name.tar.gz" "$work" "$name"
  tracked deploy/helm/weir | tar --extract --directory "$work"
  archive "$out/weir-chart-$version.tgz" "$work/deploy/helm" weir
  for file in "$work"/*.cdx.json; do
    [ ! -e "$file" ] || cp "$file" "$out/$name-$(basename "$file")"
  done
  (cd "$out" && sha256sum "$name"* "weir-chart-$version.tgz" >SHA256SUMS)
  say "$out:"
  cat "$out/SHA256SUMS"
}

work=$(mktemp -d)
tidy() {
  rm -rf "$work"
  find crates bench -name "$LIST.json" -delete
}
trap tidy EXIT
check
if [ -z "$binary" ]; then
  build
  list_parts
fi
if [ -n "$dry" ]; then
  say "would pack $name.tar.gz, weir-chart-$version.tgz and SHA256SUMS into $out"
  exit 0
fi
# Its path is taken before packing changes folders.
binary=$(realpath "$binary")
pack
