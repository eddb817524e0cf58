# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts of this folder and by those of cli/.
VM=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
ROOT=$(readlink -f "$VM/../..")
CACHE=$(mkdir -p "$ROOT/.cache" && readlink -f "$ROOT/.cache")
export LC_ALL=C.UTF-8

say() { printf '== %s\n' "$*" >&2; }

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Whatever fails without a word of its own is named.
set -E
trap 'printf "%s: failed at %s line %s: %s\n" "${0##*/}" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2' ERR

# scratch: a new folder beside the results, gone when the script ends.
SCRATCH=$CACHE/scratch.$$
trap 'rm -rf "$SCRATCH"' EXIT
scratch() { mkdir -p "$SCRATCH" && mktemp -d "$SCRATCH/XXXXXX"; }
