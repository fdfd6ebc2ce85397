#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles: what cartefile-to-oci makes of an image is what carte-runtime, and with --rootfs copy any runtime, runs.
load helpers

. "$BATS_TEST_DIRNAME/../lib/converter.sh"
. "$BATS_TEST_DIRNAME/../lib/user.sh"

test_setup() {
	converter_find || skip 'cartefile-to-oci is not built'
	requires_root 'has tests of its own below'
	rm -rf "$BUNDLE"
	export CARTE_STORE=$BATS_FILE_TMPDIR/store
	IMAGE=localhost/test/base:1
	[ -d "$CARTE_STORE" ] || make_image
	BUNDLE_OPTIONS=(--env "CARTE_TEST=$CID")
}

# One image for all: busybox, a user, a label.
make_image() {
	local context=$BATS_FILE_TMPDIR/context
	mkdir -p "$context"
	cp -a "$MASTER/rootfs" "$context/root"
	cat >"$context/Cartefile" <<-'END'
		FROM dir:root
		NAME localhost/test/base:1 org.example.label=yes run.oci.handler=krun
		exe_PATH GREETING=hello @alice /bin/sh -c 'echo $GREETING $0 "$@"' first second
	END
	"$CONVERTER" build --slim none -q "$context" >/dev/null
}

# co VERB ARG... - sets status, out, err
co() { try "$CONVERTER" "$@"; }
# bundle [OPTION...] [-- ARGUMENT...] - of the image, into $BUNDLE
bundle() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
	[ $# -eq 0 ] || shift
	co bundle "${BUNDLE_OPTIONS[@]}" "${options[@]}" "$IMAGE" "$BUNDLE" "$@"
}
# in_bundle SCRIPT [OPTION...] - run it as root in a bundle of its own, must succeed
in_bundle() {
	local script=$1
	shift
	rm -rf "$BUNDLE"
	bundle --user 0 --entrypoint /bin/sh "$@" -- -c "$script"
	good
	run_ct
	good
}
document() { jq -r "$1" <"$BUNDLE/config.json"; }
# refused_bundle WORDS OPTION... - an error, and no trace of the folder
refused_bundle() {
	local words=$1
	shift
	bundle "$@"
	[ "$status" -ne 0 ] || show "expected a failure"
	says "$words"
	[ "$(wc -l <"$D/err")" = 1 ] || show "expected one line"
	[ ! -e "$BUNDLE" ] || show "the folder was left: $(find "$BUNDLE")"
}

@test "layers: the image's program, environment, user and arguments" {
	bundle
	good
	run_ct
	good
	prints "hello first second"
	same "$(document '.process.user | "\(.uid) \(.gid) \(.additionalGids)"')" '1000 1000 [50]'
	same "$(document .root.path)" rootfs
	same "$(ls -A "$BUNDLE/rootfs")" ''
	same "$(document '.annotations["org.example.label"]')" yes
	same "$(document '.annotations["org.opencontainers.image.os"]')" linux
	same "$(document '.annotations["run.oci.handler"]')" null
}

@test "layers: stay in the store, two bundles share them, what is written stays in the bundle" {
	in_bundle 'echo mine >/written; cat /etc/passwd | wc -l'
	same "$(cat "$BUNDLE/overlay/upper/written")" mine
	local layers
	layers=$(document '.annotations["io.carte.rootfs.layers"]')
	local first=$BUNDLE
	BUNDLE=$D/other
	bundle
	good
	same "$(document '.annotations["io.carte.rootfs.layers"]')" "$layers"
	[ "$(jq -r '.[0]' <<<"$layers")" != null ]
	local layer
	for layer in $(jq -r '.[]' <<<"$layers"); do
		[[ $layer == "$CARTE_STORE"/layers/* ]] || show "$layer"
		[ -d "$layer" ]
		[ ! -e "$layer/written" ]
	done
	[ ! -e "$BUNDLE/overlay" ]
	[ -e "$first/overlay" ]
}

@test "copy: carte-runtime and runc run it" {
	bundle --rootfs copy
	good
	[ -x "$BUNDLE/rootfs/bin/busybox" ]
	same "$(stat -c '%a %u:%g' "$BUNDLE/rootfs/tmp" "$BUNDLE/rootfs/home/alice" | tr '\n' ' ')" '1777 0:0 755 1000:1000 '
	same "$(document '.annotations["io.carte.rootfs.layers"]')" null
	run_ct
	good
	prints "hello first second"
	requires_program runc
	try timeout 30 runc --root "$D/runc" run -b "$BUNDLE" "$CID"
	good
	prints "hello first second"
}

@test "the command line replaces arguments, program, variables, user, folder, host name" {
	bundle -- -c 'echo $GREETING "$@"' zero one 'two  three'
	good
	run_ct
	prints "hello one two  three"
	rm -rf "$BUNDLE"
	bundle --entrypoint '["/bin/sh", "-c"]' -e GREETING=hi -e NEW=1 -u alice:staff -w /tmp --hostname box -- \
		'echo $GREETING $NEW; id -u; id -g; pwd; hostname'
	good
	run_ct
	good
	prints $'hi 1\n1000\n50\n/tmp\nbox'
}

@test "defaults: capabilities, system calls, masked paths, a network of its own, no device" {
	in_bundle 'grep -E "^(CapEff|CapAmb|Seccomp|NoNewPrivs):" /proc/self/status | tr -s "\t" " "; ls /sys/class/net; cat /proc/kcore /proc/keys 2>/dev/null | wc -c;
		echo 1 2>/dev/null >/proc/sys/kernel/hostname || echo ro; mknod /tmp/sda b 8 0 2>/dev/null || echo no device'
	prints $'CapAmb: 0000000000000000\nCapEff: 00000000800405fb\nNoNewPrivs: 0\nSeccomp: 2\nlo\n0\nro\nno device' ||
		prints $'CapEff: 00000000800405fb\nCapAmb: 0000000000000000\nNoNewPrivs: 0\nSeccomp: 2\nlo\n0\nro\nno device'
	in_bundle 'unshare -m true; mount -t tmpfs none /mnt; :'
	says 'unshare(0x20000): Operation not permitted'
	says 'mount: permission denied'
	in_bundle 'grep ^Seccomp: /proc/self/status | tr -s "\t" " "' --no-seccomp
	prints 'Seccomp: 0'
}

@test "capabilities: added, dropped, and their system calls with them" {
	in_bundle 'grep ^CapEff: /proc/self/status | tr -s "\t" " "' --cap-drop ALL --cap-add chown
	prints 'CapEff: 0000000000000001'
	in_bundle 'mount -t tmpfs none /mnt && echo mounted' --cap-add SYS_ADMIN
	prints mounted
}

@test "--net host: no namespace, names of the host" {
	in_bundle 'readlink /proc/self/ns/net; cmp /etc/hosts /host-hosts && echo same' --net host -v /etc/hosts:/host-hosts:ro
	prints "$(readlink /proc/self/ns/net)"$'\n'same
}

@test "--net ns:PATH: the namespace that is there" {
	requires_program ip
	ip netns add "$CID" 2>/dev/null || skip 'no network namespace can be named here'
	in_bundle 'readlink /proc/self/ns/net' --net "ns:/run/netns/$CID"
	local inside=$out
	same "$inside" "net:[$(stat -L -c %i "/run/netns/$CID")]"
	ip netns delete "$CID"
}

@test "--read-only, -v: what can be written" {
	mkdir "$D/data"
	echo host >"$D/data/file"
	in_bundle 'touch /x 2>/dev/null || echo ro; touch /tmp/x /run/x /var/tmp/x && echo memory; cat /data/file; touch /data/new;
		touch /fixed/x 2>/dev/null || echo fixed' --read-only -v "$D/data:/data" -v "$D/data:/fixed:ro"
	prints $'ro\nmemory\nhost\nfixed'
	[ -e "$D/data/new" ]
}

@test "limits are in force" {
	requires_cgroup memory
	requires_cgroup pids
	in_bundle 'sleep 0.1' --memory 64M --cpus 0.5 --pids 33
	same "$(document '.linux.resources | "\(.memory.limit) \(.memory.swap) \(.cpu.quota) \(.cpu.period) \(.pids.limit)"')" \
		'67108864 67108864 50000 100000 33'
	rm -rf "$BUNDLE"
	bundle --user 0 --entrypoint /bin/sh --memory 64M --cpus 0.5 --pids 33 -- -c 'sleep 1000'
	good
	up_ct
	local pid
	pid=$(pid_of)
	if on_v2; then
		same "$(cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/memory.max")" 67108864
	else
		same "$(cat "/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")/memory.limit_in_bytes")" 67108864
		same "$(cat "/sys/fs/cgroup/pids$(sed -n 's/^[0-9]*:pids://p' "/proc/$pid/cgroup")/pids.max")" 33
	fi
}

@test "refused: one line, nothing left" {
	refused_bundle "bundle $BUNDLE: User: user 'nobody' is not in the image's /etc/passwd, which has root, alice" --user nobody
	refused_bundle "User: group 'wheel' is not in the image's /etc/group, which has root, tty, alice, staff" --user alice:wheel
	refused_bundle "--memory: '1X' is no size: bytes, or a number with K, M or G" --memory 1X
	refused_bundle "--cpus: 'all' is no number of processors, such as 0.5" --cpus all
	refused_bundle "--net: expected none, host or ns:/PATH, got 'bridge'" --net bridge
	refused_bundle "-v: $D/nothing (for /x): No such file or directory" -v "$D/nothing:/x"
	refused_bundle "--rootfs squashfs: expected layers or copy" --rootfs squashfs
	refused_bundle "--cap-add: 'FLY' is no capability, such as NET_ADMIN (capabilities(7)), nor ALL" --cap-add FLY --rootfs copy
	IMAGE=localhost/test/nothing:1 refused_bundle "localhost/test/nothing:1"
}

@test "refused: a folder with something in it stays as it is" {
	mkdir "$BUNDLE"
	echo mine | tee "$BUNDLE/file" >"$BUNDLE/config.json"
	bundle
	fails_as exists
	says "$BUNDLE is not empty: a bundle needs a new or an empty folder"
	same "$(ls -A "$BUNDLE" | xargs)" 'config.json file'
	same "$(cat "$BUNDLE/config.json")" mine
	rm "$BUNDLE/file" "$BUNDLE/config.json"
	bundle --user nobody
	[ "$status" -ne 0 ]
	same "$(find "$BUNDLE" -mindepth 1 -printf '%f ')" ''
	bundle
	good
}

@test "--template: beside config.json what it does not say, of the image as it is" {
	bundle --template --user 0 --env MORE=1
	good
	same "$(find "$BUNDLE" -mindepth 1 -printf '%P\n' | sort | xargs)" \
		'caps.json config.json digest group image.json passwd rootfs'
	same "$(cd "$BUNDLE" && stat -c %a caps.json digest group image.json passwd | sort -u)" 644
	local manifest=$CARTE_STORE/blobs/sha256/$(sed 's/^sha256://' "$BUNDLE/digest")
	same "sha256:$(sha256sum <"$manifest" | cut -d' ' -f1)" "$(cat "$BUNDLE/digest")"
	local config=$CARTE_STORE/blobs/sha256/$(jq -r '.config.digest | ltrimstr("sha256:")' <"$manifest")
	same "$(jq -s '.[0] == .[1]' "$BUNDLE/image.json" "$config")" true
	cmp "$BUNDLE/passwd" "$MASTER/rootfs/etc/passwd"
	cmp "$BUNDLE/group" "$MASTER/rootfs/etc/group"
	same "$(jq -c '.[] | select(.cap == "CAP_BPF").calls' <"$BUNDLE/caps.json")" '["bpf"]'
	same "$(jq '.[] | select(.cap == "CAP_SYS_ADMIN").calls | contains(["clone", "mount", "unshare"])' <"$BUNDLE/caps.json")" true
	same "$(jq 'all(.[]; (.cap | startswith("CAP_")) and (.calls | length > 0))' <"$BUNDLE/caps.json")" true
	# config.json is what it is without
	cp "$BUNDLE/config.json" "$D/config"
	rm -rf "$BUNDLE"
	bundle --user 0 --env MORE=1
	good
	cmp "$BUNDLE/config.json" "$D/config"
	same "$(ls -A "$BUNDLE" | xargs)" 'config.json rootfs'
}

@test "--template: an image without passwd and group has no such files" {
	local context=$D/context
	mkdir -p "$context"
	cp "$MASTER/rootfs/bin/busybox" "$context/busybox"
	printf 'FROM scratch\nNAME localhost/test/bare:1\nPATH busybox /bin/\n' >"$context/Cartefile"
	co build -q "$context"
	good
	IMAGE=localhost/test/bare:1 bundle --template -- /bin/busybox true
	good
	same "$(ls -A "$BUNDLE" | xargs)" 'caps.json config.json digest image.json rootfs'
}

@test "--template: refused, nothing written is left" {
	refused_bundle "User: user 'nobody' is not in the image's /etc/passwd" --template --user nobody
	mkdir "$BUNDLE"
	echo mine | tee "$BUNDLE/digest" >"$BUNDLE/passwd"
	bundle --template
	fails_as exists
	says "$BUNDLE is not empty: a bundle needs a new or an empty folder"
	same "$(ls -A "$BUNDLE" | xargs)" 'digest passwd'
	same "$(cat "$BUNDLE/digest" "$BUNDLE/passwd" | xargs)" 'mine mine'
	rm "$BUNDLE/digest" "$BUNDLE/passwd"
	bundle --template --user nobody
	[ "$status" -ne 0 ]
	same "$(ls -A "$BUNDLE")" ''
}

@test "refused: an image without a program, unless one is given" {
	local context=$D/context
	mkdir -p "$context"
	cp "$MASTER/rootfs/bin/busybox" "$context/busybox"
	printf 'FROM scratch\nNAME localhost/test/none:1\nPATH busybox /bin/\n' >"$context/Cartefile"
	co build -q "$context"
	good
	IMAGE=localhost/test/none:1 refused_bundle 'the image names no program: it has neither Entrypoint nor Cmd; give one behind the folder'
	IMAGE=localhost/test/none:1 bundle -- /bin/busybox echo given
	good
	run_ct
	good
	prints given
}

@test "an image's files are hostile: links and pipes in the place of /etc/passwd" {
	local context=$D/context
	mkdir -p "$context/root/etc" "$context/root/bin"
	cp "$MASTER/rootfs/bin/busybox" "$context/root/bin/sh"
	printf 'FROM dir:root\nNAME localhost/test/evil:1\nexe_PATH @bob /bin/sh -c id\n' >"$context/Cartefile"
	echo bob:x:77:77::/:/bin/sh >"$D/passwd-of-the-host"
	ln -s "$D/passwd-of-the-host" "$context/root/etc/passwd"
	co build --slim none -q "$context"
	good
	IMAGE=localhost/test/evil:1 refused_bundle "User: user 'bob': the image has no /etc/passwd; give a number instead"
	ln -sfn ../../../../../../etc/../etc/names "$context/root/etc/passwd"
	echo bob:x:78:78::/:/bin/sh >"$context/root/etc/names"
	co build --slim none -q "$context"
	good
	IMAGE=localhost/test/evil:1 bundle
	good
	same "$(document .process.user.uid)" 78
}

# ---- an ordinary user --------------------------------------------------------------------------------------------

# image_of_user RANGES - the same image, in the user's own store
image_of_user() {
	make_user "$1" "$BATS_FILE_TMPDIR/context"
	as_user "$CONVERTER" build --slim none -q "$BATS_FILE_TMPDIR/context" >/dev/null
	BUNDLE=$D/home/bundle
}
run_as_user() { try as_user timeout -k 1 30 "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"; }
bundle_as_user() { try as_user "$CONVERTER" bundle "${BUNDLE_OPTIONS[@]}" "$@"; }

@test "an ordinary user: layers with owners, run by the same user" {
	image_of_user 1
	bundle_as_user "$IMAGE" "$BUNDLE"
	good
	same "$(document '.linux.uidMappings | map("\(.containerID) \(.hostID) \(.size)") | join(", ")')" "0 $USER_ID 1, 1 1000000 65536"
	same "$(document .linux.resources)" null
	run_as_user
	good
	prints "hello first second"
	bundle_as_user --user 0 --entrypoint /bin/sh "$IMAGE" "$BUNDLE.2" -c 'stat -c %u:%g /home/alice /bin/busybox; id -u; ls /sys/class/net; touch /root/x && echo w'
	good
	BUNDLE=$BUNDLE.2
	run_as_user
	good
	prints $'1000:1000\n0:0\n0\nlo\nw'
}

@test "an ordinary user: gc removes layers with files of lent ids, fsck sees them" {
	image_of_user 1
	bundle_as_user "$IMAGE" "$BUNDLE"
	good
	find "$D/home/.local/share/carte/layers" -uid 1000999 | grep -q .
	try as_user "$CONVERTER" fsck
	good
	prints "$D/home/.local/share/carte: clean"
	try as_user "$CONVERTER" rmi "$IMAGE"
	good
	# the bundle's, until it is gone
	try as_user "$CONVERTER" gc
	good
	find "$D/home/.local/share/carte/layers" -uid 1000999 | grep -q .
	rm -r "$BUNDLE"
	try as_user "$CONVERTER" gc
	good
	[ -z "$(ls -A "$D/home/.local/share/carte/layers")" ]
	try as_user "$CONVERTER" fsck
	good
	prints "$D/home/.local/share/carte: clean"
}

@test "an ordinary user: copy, with the owners of its ranges, run by carte-runtime and runc" {
	image_of_user 1
	# runc gives nobody additional groups in a container without root
	bundle_as_user --rootfs copy --user alice:staff "$IMAGE" "$BUNDLE"
	good
	same "$(stat -c %u:%g "$BUNDLE/rootfs/home/alice" "$BUNDLE/rootfs/bin/busybox" | tr '\n' ' ')" "1000999:2000999 $USER_ID:$USER_ID "
	run_as_user
	good
	prints "hello first second"
	requires_program runc
	try as_user timeout -k 1 30 runc --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	prints "hello first second"
	# what failed is gone, also of ids that are not the user's own
	bundle_as_user --rootfs copy --user nobody "$IMAGE" "$BUNDLE.2"
	[ "$status" -ne 0 ]
	says "User: user 'nobody' is not in the image's /etc/passwd"
	[ ! -e "$BUNDLE.2" ]
}

@test "an ordinary user without ranges: one id, all files are the user's" {
	image_of_user 0
	bundle_as_user --user 0 --entrypoint /bin/sh --rootfs copy "$IMAGE" "$BUNDLE" -c 'stat -c %u:%g /home/alice; id -u'
	good
	same "$(document '.linux.uidMappings | length')" 1
	same "$(stat -c %u:%g "$BUNDLE/rootfs/home/alice")" "$USER_ID:$USER_ID"
	run_as_user
	good
	prints $'0:0\n0'
}
