#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --slim elf, --keep and explain: what is left runs, and each file says why it is there.
load helpers

. "$BATS_TEST_DIRNAME/../lib/converter.sh"

test_setup() {
	converter_find || skip 'cartefile-to-oci is not built'
	export CARTE_STORE=$D/store
	C=$D/context
	mkdir -p "$C"
}

cartefile() { printf '%s\n' "$@" >"$C/Cartefile"; }
build() { try timeout -k 5 $((60 * SLOW)) "$CONVERTER" build "$@" "$C"; }
explain() { try "$CONVERTER" explain "$@"; }
# compile OUTPUT SOURCE-TEXT CC-ARGUMENT...
compile() {
	local to=$1 text=$2
	shift 2
	requires_program "${CC:-cc}"
	mkdir -p "$(dirname "$to")"
	printf '%s\n' "$text" | "${CC:-cc}" -O1 -x c -o "$to" - -x none "$@"
}
# run_in_image COMMAND... - of localhost/test/slim:1, by chroot: nothing but its files
run_in_image() {
	requires_root 'cannot chroot'
	"$CONVERTER" unpack localhost/test/slim:1 "$D/unpacked" >/dev/null
	mkdir -p "$D/unpacked/proc" # $ORIGIN is what /proc/self/exe says
	try unshare -m sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$D/unpacked" "$@"
}
# a program, a library beside it by DT_RUNPATH, a library of that one by its own, and a plugin that is opened by name
chain() {
	compile "$C/app/lib/deep/libb.so.1" 'int b(void) { return 42; }' -shared -fPIC -Wl,-soname,libb.so.1
	ln -s libb.so.1 "$C/app/lib/deep/libb.so"
	compile "$C/app/lib/liba.so" 'int b(void); int a(void) { return b(); }' -shared -fPIC -Wl,-soname,liba.so \
		-L"$C/app/lib/deep" -lb '-Wl,-rpath,$ORIGIN/deep' -Wl,--enable-new-dtags
	compile "$C/app/plugin.so" 'int zlibVersion(void); int p(void) { return 1; }' -shared -fPIC
	compile "$C/app/bin/x" '#include <stdio.h>
		#include <dlfcn.h>
		int a(void);
		int main(void) { printf("%d %s\n", a(), dlopen("/app/plugin.so", RTLD_NOW) ? "plugin" : dlerror()); return 0; }' \
		-L"$C/app/lib" -la '-Wl,-rpath,$ORIGIN/../lib' -Wl,--enable-new-dtags -Wl,--unresolved-symbols=ignore-in-shared-libs
	cartefile 'FROM scratch' 'NAME localhost/test/slim:1' 'PATH app /app' 'exe_PATH /app/bin/x'
}

@test "slim: a program from scratch has its loader and libraries, and runs" {
	chain
	build
	good
	run_in_image /app/bin/x
	prints '42 plugin'
	explain --why /app/lib/deep/libb.so.1 localhost/test/slim:1
	prints '/app/lib/deep/libb.so.1: PATH, line 3'
	explain --why "$(readlink -f /bin/sh | sed 's,.*,/usr/lib/none,')" localhost/test/slim:1
	fails_as not-found
	says '/usr/lib/none: neither in the image nor left out of it'
	explain --format json localhost/test/slim:1
	good
	same "$(jq -r '.files[] | select(.path | test("/libc\\.so\\.6$")) | [.why, .because, .layer] | join(" ")' <<<"$out")" \
		'NEEDED /app/bin/x files'
	same "$(jq -r '[.version, .slim, .leftOutTotal.files] | join(" ")' <<<"$out")" '1 elf 0'
}

@test "slim: twice the same, explanation included" {
	chain
	build --explain "$D/one"
	good
	build --no-cache --explain "$D/two"
	good
	cmp "$D/one" "$D/two"
}

@test "slim: a library that nothing provides is named with the chain" {
	chain
	rm "$C"/app/lib/deep/libb.so*
	build
	[ "$status" -ne 0 ]
	says 'Cartefile:4:10: /app/lib/liba.so (needed by /app/bin/x) needs libb.so.1, which is neither in the image nor in the sysroot; searched: /app/bin/../lib/deep:'
	[ -z "$out" ]
}

@test "slim: --sysroot is where libraries come from" {
	chain
	mkdir "$D/empty"
	build --sysroot "$D/empty"
	[ "$status" -ne 0 ]
	says '/app/bin/x needs /lib'
	says 'which is neither in the image nor in the sysroot; searched: the path itself'
}

@test "slim: a script has its interpreter, by env in the path" {
	printf '#!/usr/bin/env -S sh -e\necho "script of $0"\n' >"$C/script"
	chmod +x "$C/script"
	cartefile 'FROM scratch' 'NAME localhost/test/slim:1' 'PATH script /bin/script' 'exe_PATH /bin/script'
	build --slim elf
	good
	run_in_image /bin/script
	prints 'script of /bin/script'
	sed -i 's/S sh/S no-such-program/' "$C/script"
	build --slim elf
	[ "$status" -ne 0 ]
	says 'Cartefile:4:10: /bin/script needs no-such-program, which is neither in the image nor in the sysroot'
}

@test "slim: of a base only what is needed stays, and what is kept" {
	compile "$C/root/usr/bin/x" 'int main(void) { return 0; }' -static
	mkdir -p "$C"/root/{etc/app,tmp,usr/share/doc/x,var/log/app}
	echo ID=test >"$C/root/etc/os-release"
	echo one >"$C/root/etc/app/one"
	echo other >"$C/root/etc/other"
	echo text >"$C/root/usr/share/doc/x/README"
	chmod 1777 "$C/root/tmp"
	cartefile 'FROM dir:root' 'NAME localhost/test/slim:1' 'exe_PATH /usr/bin/x'
	build
	good
	explain --left-out localhost/test/slim:1
	prints '         5  /usr/share/doc/x/README  (documentation)'
	build --slim elf --keep /etc/app
	good
	explain --left-out localhost/test/slim:1
	prints '         6  /etc/other  (nothing that is kept needs it)
         5  /usr/share/doc/x/README  (documentation)'
	explain --files localhost/test/slim:1
	has '/etc/app/one  (--keep /etc/app)'
	has '/tmp  (expected of every system)'
	has "/var/log/app  (a service's folder)"
	build --slim none
	good
	explain localhost/test/slim:1
	has 'slim: none'
	has 'left out: 0 files, 0B'
}

@test "slim: --keep says what is wrong" {
	compile "$C/x" 'int main(void) { return 0; }' -static
	cartefile 'FROM scratch' 'NAME localhost/test/slim:1' 'PATH x /x' 'exe_PATH /x'
	build --slim elf --keep locales
	[ "$status" -ne 0 ]
	says '--keep locales: unknown; possible are ca, gconv, locale:NAME, nss, terminfo, tz:ZONE and absolute paths'
	build --slim elf --keep tz:Mars/Base
	[ "$status" -ne 0 ]
	says '--keep tz:Mars/Base: /usr/share/zoneinfo/Mars/Base is neither in the image nor in the sysroot'
}

@test "explain: what is wrong is said" {
	explain localhost/test/none:1
	[ "$status" -ne 0 ]
	says 'localhost/test/none:1'
	explain --format xml localhost/test/none:1
	exits 2
	says "--format: expected 'table' or 'json', got 'xml'"
	explain
	exits 2
	says 'needs 1 argument, got 0: explain [OPTIONS] IMAGE'
}
