# SPDX-License-Identifier: Apache-2.0
# Sourced by cli/interdict, cli/test and the scripts of bpf/vm: finds the tools, and gets what is missing.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../bpf/vm/common.sh"
. "$VM/debian.sh"

# jdk: the home of a JDK 25 on this machine, or nothing.
find_jdk() {
	local home
	for home in "${JAVA25_HOME:-}" "${JAVA_HOME:-}" "$CACHE"/jdk/current /usr/lib/jvm/*25* /opt/*jdk*25* /usr/java/*25*; do
		[[ -x $home/bin/javac ]] && grep -q '^JAVA_VERSION="25\b' "$home/release" 2>/dev/null && readlink -f "$home" && return
	done
	return 0
}
