# SPDX-License-Identifier: Apache-2.0
# Sourced by cli/interdict, cli/test and bpf/vm/image: finds what the build and the virtual machine need, gets what is
# missing, and builds. Debian's own packages are installed with apt; JDK 25 and Go, which older releases lack, are unpacked
# into .cache from newer ones.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../bpf/vm/common.sh"
. "$VM/debian.sh"

# A file or command, and the Debian package that brings it.
NEEDED=(mvn:maven clang:clang llvm-strip:llvm bpftool:bpftool gcc:gcc make:make /usr/include/bpf/bpf_helpers.h:libbpf-dev
	/usr/include/stdlib.h:libc6-dev qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod xz:xz-utils
	zstd:zstd file:file ip:iproute2 mke2fs:e2fsprogs script:bsdutils /usr/bin/python3:python3 git:git)

# Of the Java runtime: what the program uses. The virtual machine has no other, so its tests tell when one is missing.
JAVA_MODULES=java.base,java.logging,java.management,java.naming,java.net.http,java.sql,jdk.management,jdk.unsupported,jdk.zipfs

# setup: all of it. Says only what it changes.
setup() {
	setup_packages "${NEEDED[@]}"
	setup_jdk
	setup_go
}

# setup_packages FILE:PACKAGE...: installs the packages whose file or command is missing.
setup_packages() {
	local entry missing=() sudo=()
	PATH=$PATH:/usr/sbin:/sbin
	for entry; do
		command -v "${entry%%:*}" >/dev/null || [[ -e ${entry%%:*} ]] || missing+=("${entry#*:}")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	command -v apt-get >/dev/null || die "this set-up knows Debian only. Install the counterparts of: ${missing[*]}"
	if [[ $EUID != 0 ]]; then
		command -v sudo >/dev/null || die "missing: ${missing[*]}. As root: apt-get install ${missing[*]}"
		sudo=(sudo)
	fi
	say "installing ${missing[*]}"
	"${sudo[@]}" apt-get -q update >"$CACHE/apt-update.log" 2>&1 || say "apt-get update failed ($CACHE/apt-update.log); trying with the old lists"
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}" \
		>"$CACHE/apt-install.log" 2>&1 </dev/null || {
		tail -n 20 "$CACHE/apt-install.log" >&2
		die "apt-get could not install: ${missing[*]}"
	}
}

# find_jdk: the home of a JDK 25, or nothing.
find_jdk() {
	local home
	for home in "${JAVA25_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*25* /opt/*jdk*25* /usr/java/*25* "$CACHE/jdk/home"; do
		[[ -x $home/bin/javac ]] && grep -q '^JAVA_VERSION="25\b' "$home/release" 2>/dev/null && readlink -f "$home" && return
	done
	return 0
}

# After this JAVA25_HOME is set.
setup_jdk() {
	JAVA25_HOME=$(find_jdk)
	if [[ -z $JAVA25_HOME ]]; then
		say "no JDK 25 on this machine: unpacking Debian's into .cache/jdk (about 400 MB; JAVA25_HOME names another)"
		unpack_jdk
		JAVA25_HOME=$(find_jdk)
	fi
	export JAVA25_HOME
}

unpack_jdk() {
	local root home file target
	root=$(scratch)
	debian_lists
	debian_unpack "$root" {openjdk-25-jdk-headless,openjdk-25-jre-headless,libc6,libgcc-s1,libstdc++6,zlib1g}/trixie
	home=$root/usr/lib/jvm/java-25-openjdk-amd64
	# Its settings are links into /etc.
	find "$home" -type l -lname '/etc/java-25-openjdk/*' | while read -r file; do
		target=$(readlink "$file")
		rm "$file" && cp -r "$root$target" "$file"
	done
	rm -rf "$CACHE/jdk" && mkdir -p "$CACHE/jdk"
	mv "$home" "$CACHE/jdk/home"
	"$CACHE/jdk/home/bin/java" -version >/dev/null 2>&1 || bring_libc "$root"
	"$CACHE/jdk/home/bin/java" -version >/dev/null 2>&1 || die "Debian's JDK 25 does not run here: install a JDK 25 and name it in JAVA25_HOME"
}

# Its programs want a newer C library than this machine's: they get it beside them.
bring_libc() {
	local lib=$CACHE/jdk/libc file
	setup_packages patchelf:patchelf
	mkdir -p "$lib"
	find "$1" \( -path '*/x86_64-linux-gnu/*.so*' -o -name 'ld-linux-x86-64.so.2' \) -exec cp -a -n {} "$lib/" \;
	for file in "$CACHE"/jdk/home/{bin/*,lib/jexec,lib/jspawnhelper}; do
		patchelf --set-interpreter "$lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$CACHE/jdk/home/lib:$lib:/usr/lib/x86_64-linux-gnu" "$file" 2>/dev/null || true
	done
}

# After this `go` is on the PATH, new enough for policies/compiler.
setup_go() {
	local want
	want=$(sed -n 's/^go //p' "$ROOT/policies/compiler/go.mod")
	new_enough "$want" && return
	PATH=$CACHE/go/bin:/usr/local/go/bin:$PATH
	new_enough "$want" && return
	say "no Go $want on this machine: unpacking Debian's into .cache/go"
	local root package
	root=$(scratch)
	debian_lists
	package=$(debian_newest 'golang-1\.[0-9]+-go')
	debian_unpack "$root" "$package" "${package%-go}-src"
	rm -rf "$CACHE/go"
	package=${package%-go}
	# Parts of it are links into usr/share; tests and documentation dangle.
	cp -rL "$root/usr/lib/go-${package#golang-}" "$CACHE/go" 2>/dev/null || true
	new_enough "$want" || die "Debian's $package is no Go $want: install a newer Go"
}

new_enough() {
	local have
	have=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return 1
	printf '%s\n' "go$1" "$have" | sort -V -C
}

# built: whether everything was built after its sources were last changed.
built() {
	[[ -e $ROOT/target/built ]] && [[ -z $(cd "$ROOT" && find pom.xml ./*/pom.xml ./*/src bpf/include policies/*/ -type f \
		-newer target/built -not -path 'policies/target/*' -print -quit) ]]
}

# maven STAGE ARGUMENT...: builds all modules; shows which module is at work; the rest goes to .cache/STAGE.log, whose end is shown on failure.
maven() {
	local log=$ROOT/target/$1.log status=0
	shift
	mkdir -p "$ROOT/target"
	rm -rf "$ROOT"/target/built "$ROOT"/cli/target/lib "$ROOT"/*/target/test-lib
	touch "$ROOT/target/building"
	(cd "$ROOT" && mvn -B -ntp "$@" </dev/null) 2>&1 | tee "$log" |
		sed -u -n 's/^\[INFO\] Building Interdict \([^:]*\).*\(\[[0-9]*\/[0-9]*\]\)$/== building \1 \2/p;
			/^\[\(ERROR\|WARNING\)\] *Tests run/p; s/^\[INFO\] \(Tests run:.* -- in .*\)/   \1/p' >&2 || status=$?
	[[ $status != 0 ]] || mv "$ROOT/target/building" "$ROOT/target/built"
	[[ $status == 0 ]] || {
		grep -E '^\[ERROR\]' "$log" | head -n 40 >&2
		say "the whole log: $log"
	}
	return "$status"
}

build() {
	say "building Interdict; the first time, Maven and Go fetch what they need"
	maven build package -DskipTests || die "the build failed"
}

# What follows the JVM's own options. Tools of the checkout (the virtual machine, the policy library) are found under interdict.home.
PROGRAM=(--enable-native-access=ALL-UNNAMED -XX:+UseSerialGC "-Dinterdict.home=$ROOT"
	-cp "$ROOT/cli/target/interdict-cli-0.1.0.jar:$ROOT/cli/target/lib/*" dev.interdict.cli.Main)

# short_jvm JDK: into jvm, the JVM for a command that ends soon. It never earns back what the second compiler costs: without it
# a check takes half the time. And it starts with the classes as they were loaded and linked once before, kept beside the
# build: that is a third of what is left. Where they cannot be kept, or are another build's, it loads them as ever.
short_jvm() {
	local kept=$ROOT/target/cli.aot
	jvm=("$1/bin/java" -XX:TieredStopAtLevel=1)
	[[ $kept -nt $ROOT/target/built ]] || train "$kept" || return 0
	jvm+=("-XX:AOTCache=$kept" -Xlog:aot=off -Xlog:cds=off)
}

# train FILE: runs the tests of a policy, and keeps the classes.
train() {
	local folder status=0
	[[ -w $ROOT/target ]] || return
	say "keeping the program's classes for quick starts, once after a build (15 s)"
	folder=$(scratch)
	XDG_CACHE_HOME=$folder "${jvm[@]}" "-XX:AOTCacheOutput=$folder/cli.aot" "${PROGRAM[@]}" policy test \
		"$ROOT/policies/library/credentials/protect-credentials" >"$ROOT/target/train.log" 2>&1 </dev/null || status=$?
	[[ $status != 0 ]] || mv "$folder/cli.aot" "$1" || status=$?
	rm -rf "$SCRATCH" # the shell is replaced: its end does not come
	[[ $status == 0 ]] || say "that failed (target/train.log): commands start as slowly as before"
	return "$status"
}
