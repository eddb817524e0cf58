# SPDX-License-Identifier: Apache-2.0
# Sourced. Debian packages of other suites, unpacked into .cache and never installed. The lists are private; the
# archive is the one this machine is configured for.

# Where this machine gets its Debian release from; every other suite is a sibling there.
debian_archive() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v code="$codename" '
			$2 == "main" && ($1 == code || $1 ~ /^(stable|testing|unstable|sid)$/) { print $3; found = 1; exit }
			END { exit !found }' ||
		die "apt has no Debian archive with component main for '$codename' (/etc/apt/sources.list*): add one, or" \
			"install what is missing by hand"
}

# Every kernel series of the tests, JDK 25 and a new Go are in one of these.
SUITES=(bookworm bookworm-backports trixie sid)

# debian_lists: makes the private lists ready, not older than half a day. APT then holds the options to use them.
debian_lists() {
	local root=$CACHE/apt suite archive
	# A mirror may lag; what it serves is signed all the same.
	APT=(-q -o Acquire::Check-Valid-Until=false -o "Dir::Etc::SourceList=$root/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$root/lists"
		-o "Dir::Cache=$root/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=
		-o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
	[[ -z $(find "$root/fresh" -mmin -720 2>/dev/null) ]] || return 0
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
	archive=$(debian_archive)
	for suite in "${SUITES[@]}"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main"
	done >"$root/sources.list"
	say "reading Debian's package lists: ${SUITES[*]}"
	apt-get "${APT[@]}" update >"$root/update.log" 2>&1 || {
		cat "$root/update.log" >&2
		die "cannot read Debian's package lists"
	}
	touch "$root/fresh"
}

# debian_newest REGEX: the newest package whose whole name matches, or nothing.
debian_newest() {
	apt-cache "${APT[@]}" pkgnames | grep -E -x -- "$1" | sort -V | tail -n 1 || true
}

# debian_unpack DIR PACKAGE...: downloads the packages and unpacks them into DIR. PACKAGE may be NAME/SUITE; else the newest.
debian_unpack() {
	local dir=$1 got
	shift
	got=$(scratch)
	say "downloading $*"
	(cd "$got" && apt-get "${APT[@]}" download "$@" >log 2>&1) || {
		cat "$got/log" >&2
		die "cannot download $*"
	}
	mkdir -p "$dir"
	local deb
	for deb in "$got"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
}
