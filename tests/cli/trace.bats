#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --slim trace and --verify: what a run uses is kept, what it lacks is named, nothing of the run is left.
load helpers

. "$BATS_TEST_DIRNAME/../lib/converter.sh"
. "$BATS_TEST_DIRNAME/../lib/user.sh"

test_setup() {
	converter_find || skip 'cartefile-to-oci is not built'
	requires_root 'is one of these tests'
	"$RUNTIME" features | grep -q SCMP_ACT_NOTIFY || skip 'the runtime was built without seccomp'
	export CARTE_STORE=$D/store
	C=$D/context
	mkdir -p "$C/root/data/folder" "$C/root/bin"
	local name
	for name in first at-end in-thread folder/relative only-stat target unused; do echo "$name" >"$C/root/data/$name"; done
	ln -s folder/../target "$C/root/data/link"
}
test_teardown() {
	# of a run nothing is left, neither in the store nor as a process
	[ ! -d "$D/store/tmp" ] || [ -z "$(ls -A "$D/store/tmp")" ] || { echo "left in tmp: $(ls -A "$D/store/tmp")" && return 1; }
	! pgrep -f "carte-trace-" >/dev/null || { pgrep -af carte-trace- && return 1; }
}

tracee() {
	"${CC:-cc}" -O1 -static -pthread -o "$C/root/bin/tracee" "$HELPERS/tracee.c" 2>/dev/null ||
		cp "${top_builddir:-/nonexistent}/tests/cli/helpers/tracee" "$C/root/bin/tracee" 2>/dev/null || skip 'no static C library to build the program with'
}
# cartefile ARGUMENTS...
cartefile() { printf 'FROM dir:root\nNAME localhost/test/trace:1\nexe_PATH /bin/tracee %s\n' "$*" >"$C/Cartefile"; }
build() { try timeout -k 5 $((120 * SLOW)) "$CONVERTER" build --runtime "$RUNTIME" -o "oci:$D/layout:x" "$@" "$C"; }
# files - of the image, sorted, without folders
files() {
	"$CONVERTER" unpack "oci:$D/layout:x" "$D/unpacked" >/dev/null
	(cd "$D/unpacked" && find . ! -type d -printf '/%P\n' | sort | tr '\n' ' ')
}

@test "trace: files that a thread, a child, a stat and a link lead to; not the others" {
	tracee
	cartefile 0
	build --slim trace
	good
	same "$(files)" '/bin/tracee /data/folder/relative /data/in-thread /data/link /data/only-stat /data/target '
}

@test "trace: --probe runs another command, by words" {
	tracee
	cartefile serve
	build --slim trace --probe "/bin/tracee '0'"
	good
	same "$(files)" '/bin/tracee /data/folder/relative /data/in-thread /data/link /data/only-stat /data/target '
}

@test "trace: a server is stopped after its time, and what it then uses counts" {
	tracee
	cartefile serve
	build --slim trace --trace-seconds 1
	good
	same "$(files)" '/bin/tracee /data/at-end /data/first '
}

@test "trace: --exercise runs on the host, then the program is stopped" {
	tracee
	cartefile serve
	local begin=$SECONDS
	build --slim trace --exercise "touch '$D/exercised'; sleep 0.3"
	good
	[ -e "$D/exercised" ]
	[ $((SECONDS - begin)) -lt $((20 * SLOW)) ]
	same "$(files)" '/bin/tracee /data/at-end /data/first '
}

@test "trace: an exercise that fails is a failure" {
	tracee
	cartefile serve
	build --slim trace --exercise 'exit 7'
	[ "$status" -ne 0 ]
	says "trace: --exercise 'exit 7': ended with status 7, so the trace is not whole"
	[ ! -e "$D/layout/index.json" ] || same "$(jq '.manifests | length' "$D/layout/index.json")" 0
}

@test "trace: who does not end on SIGTERM is killed" {
	tracee
	cartefile stubborn
	build --slim trace --trace-seconds 1
	good
	same "$(files)" '/bin/tracee '
}

@test "trace: a program that is not there" {
	tracee
	cartefile 0
	build --slim trace --probe /bin/nothing
	[ "$status" -ne 0 ]
	says 'did not start the program (status 1)'
	printf '#!/bin/nothing\n' >"$C/root/bin/script"
	chmod +x "$C/root/bin/script"
	build --slim trace --probe /bin/script
	[ "$status" -ne 0 ]
	says 'did not start the program (status 1)'
	build --slim trace --probe '/bin/tracee 9'
	[ "$status" -ne 0 ]
	says 'trace: the program ended with status 9, so what it needs is not known; --probe runs another command'
	build --slim trace --probe '/bin/tracee "'
	says '--probe: a quote is not closed'
	try "$CONVERTER" build --runtime "$D/no-runtime" --slim trace -o "oci:$D/layout:x" "$C"
	says "runtime $D/no-runtime: No such file or directory"
}

@test "trace: SIGINT ends all of it and leaves nothing" {
	tracee
	cartefile serve
	"$CONVERTER" build --runtime "$RUNTIME" --slim trace --trace-seconds 60 -o "oci:$D/layout:x" "$C" >"$D/out" 2>"$D/err" 3>&- &
	local pid=$!
	await 20 pgrep -f /bin/tracee
	sleep 0.3
	kill -INT $pid
	status=0
	wait $pid || status=$?
	err=$(cat "$D/err")
	[ "$status" -ne 0 ]
	says 'trace: stopped by signal 2 (Interrupt)'
	! pgrep -f '^/bin/tracee' || show 'the program is left'
	[ ! -e "$D/layout/index.json" ] || same "$(jq '.manifests | length' "$D/layout/index.json")" 0
}

@test "trace: runc does as well, with an unpacked root" {
	requires_program runc
	tracee
	cartefile 0
	RUNTIME=$(command -v runc) build --slim trace
	good
	same "$(files)" '/bin/tracee /data/folder/relative /data/in-thread /data/link /data/only-stat /data/target '
}

@test "trace: by an ordinary user, with ids lent to it and without" {
	tracee
	cartefile 0
	local ranges
	for ranges in 1 0; do
		make_user $ranges "$C"
		try as_user timeout -k 5 $((60 * SLOW)) "$CONVERTER" build --runtime "$RUNTIME" -o "oci:$D/home/layout:x" --slim trace --verify '/bin/tracee 0' "$C"
		good
		same "$(find "$D/home/.local/share/carte/tmp" -mindepth 1)" ''
		rm -rf "$D/layout"
		cp -r "$D/home/layout" "$D/layout"
		rm -rf "$D/home/layout" "$D/home/.local"
		same "$(files)" '/bin/tracee /data/folder/relative /data/in-thread /data/link /data/only-stat /data/target '
		rm -rf "$D/unpacked"
	done
}

@test "verify: the same in both images" {
	tracee
	cartefile 0
	build --slim trace --verify '/bin/tracee 3'
	good
}

@test "verify: a difference is told, with what is missing and how to keep it" {
	tracee
	cartefile serve
	build --slim trace --trace-seconds 1 --verify '/bin/tracee 0'
	[ "$status" -ne 0 ]
	says "verify '/bin/tracee 0': status 0 in the unslimmed image, 2 in the slim one"
	says 'missing in the slim image: /data/in-thread (add --keep /data/in-thread)'
	build --slim trace --trace-seconds 1 --verify '/bin/tracee 0' --keep /data/in-thread,/data/folder,/data/only-stat,/data/link,/data/target
	good
}

@test "trace: Python's modules, those that are only stat'ed too" {
	[ -x /usr/bin/python3 ] || skip 'python3 is not installed in /usr/bin'
	local python lib
	python=$(readlink -f /usr/bin/python3)
	lib=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	mkdir -p "$C/root/usr/bin" "$C/root$lib" "$C/root/app"
	rm -rf "$C/root/data" "$C/root/bin"
	cp "$python" "$C/root/usr/bin/python3"
	(cd "$lib" && tar c --exclude=test --exclude=__pycache__ --exclude='config-*' --exclude=idlelib --exclude=dist-packages .) | tar x -C "$C/root$lib"
	copy_libraries "$python" "$C/root$lib"/lib-dynload/*.so
	cat >"$C/root/app/main.py" <<-'END'
		import json, threading, time
		def late():
		    time.sleep(0.2)
		    import decimal
		    print(json.dumps({"sum": str(decimal.Decimal("0.1") + 2)}))
		thread = threading.Thread(target=late)
		thread.start()
		thread.join()
	END
	printf 'FROM dir:root\nNAME localhost/test/python:1\nexe_PATH PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -S /app/main.py\n' >"$C/Cartefile"
	build --slim trace --verify '/usr/bin/python3 -S /app/main.py'
	good
	files >"$D/files"
	grep -q "$lib/json/__init__.py " "$D/files"
	grep -q "$lib/decimal.py " "$D/files"
	not grep -q "$lib/smtplib.py " "$D/files"
}
copy_libraries() {
	local file
	for file in $(ldd "$@" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*' | grep -v ':$' | sort -u); do
		mkdir -p "$C/root$(dirname "$file")"
		[ -e "$C/root$file" ] || cp -L "$file" "$C/root$file"
	done
}
