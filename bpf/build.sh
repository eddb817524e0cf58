#!/bin/sh
# Compiles src/*.bpf.c, or what is named, and links it to one object: build.sh OUTPUT [SOURCE]... Needs clang 14 or newer and bpftool.
set -eu
cd "$(dirname "$0")"
output=$1
shift
[ $# -gt 0 ] || set -- src/*.bpf.c
[ -e "$output" ] && [ -z "$(find src include build.sh -newer "$output")" ] && exit 0

objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

# The kernel's types for this machine's word size are in the compiler's multiarch folder on Debian.
system_headers=/usr/include/$(uname -m)-linux-gnu
compile="${CLANG:-clang} -target bpf -mcpu=v3 -g -O2 -Wall -Werror -fno-strict-aliasing -Iinclude -idirafter $system_headers"

for source; do
	# The record ends with its strings, and working memory goes on behind them.
	$compile -Wno-gnu-variable-sized-type-not-at-end -c "$source" -o "$objects/$(basename "$source" .c).o"
done
# The shared headers must leave no byte to the compiler.
$compile -Wpadded -fsyntax-only src/layout.bpf.c

mkdir -p "$(dirname "$output")"
"${BPFTOOL:-bpftool}" gen object "$output" "$objects"/*.o
