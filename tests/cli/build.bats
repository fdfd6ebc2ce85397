#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# build.bats - from a Cartefile to an image: what is in it, that it is always the same, what happens when something fails.
# shellcheck disable=SC1091,SC2016,SC2030,SC2031,SC2119,SC2120
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/converter.sh
. "$TESTS/lib/converter.sh"

setup_file() {
	converter_find || skip 'cartefile-to-oci is not built'
	export PROGRAM=$BATS_FILE_TMPDIR/server
	printf 'int main(void) { return 0; }\n' >"$BATS_FILE_TMPDIR/server.c"
	"${CC:-cc}" -O1 -static -o "$PROGRAM" "$BATS_FILE_TMPDIR/server.c" 2>/dev/null || cp "$(command -v busybox)" "$PROGRAM"
}

setup() {
	D=$BATS_TEST_TMPDIR
	C=$D/ctx
	export CARTE_STORE=$D/store
	unset SOURCE_DATE_EPOCH
	mkdir -p "$C/etc"
	cp "$PROGRAM" "$C/server"
	echo one >"$C/etc/one"
	echo two >"$C/etc/two"
	chmod 755 "$C" "$C/etc" "$C/server"
	chmod 644 "$C"/etc/*
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH etc /etc/test' 'PATH server /bin/server' 'exe_PATH /bin/server -x'
	# a file that was changed just now could be changed again without a trace: such builds are not remembered
	sleep 0.05
}

cartefile() { # LINE...
	printf '%s\n' "$@" >"$C/Cartefile"
}

cto() { "$CONVERTER" "$@"; }

make_image() { # [OPTION]...: into $D/out
	cto build -o "oci:$D/out" --format json "$@" "$C"
}

blob() { # LAYOUT DIGEST
	cat "$1/blobs/sha256/${2#sha256:}"
}

manifest() { # [LAYOUT]
	blob "${1:-$D/out}" "$(jq -r '.manifests[0].digest' "${1:-$D/out}/index.json")"
}

config() {
	blob "${1:-$D/out}" "$(manifest "${1:-$D/out}" | jq -r .config.digest)"
}

entries() { # N: of a layer, from 0
	blob "$D/out" "$(manifest | jq -r ".layers[$1].digest")" | tar tz
}

fails() { # EXPECTED-STDERR COMMAND...
	local expected=$1 got status=0
	shift
	got=$("$@" 2>&1 >/dev/null) || status=$?
	[ "$status" -ne 0 ] || {
		echo "did not fail: $*"
		return 1
	}
	[ "$got" = "cartefile-to-oci: $expected" ] || {
		printf 'got:      %s\nexpected: %s\n' "$got" "cartefile-to-oci: $expected"
		return 1
	}
}

@test "three layers: directories, files, the executable; each with the folders above" {
	make_image
	[ "$(manifest | jq -r '.layers | length')" = 3 ]
	[ "$(entries 0 | tr '\n' ' ')" = './ bin/ etc/ etc/test/ ' ]
	[ "$(entries 1 | tr '\n' ' ')" = './ etc/ etc/test/ etc/test/one etc/test/two ' ]
	[ "$(entries 2 | tr '\n' ' ')" = './ bin/ bin/server ' ]
	# the diff ids are those of the tars inside
	for i in 0 1 2; do
		sum=$(blob "$D/out" "$(manifest | jq -r ".layers[$i].digest")" | gzip -dc | sha256sum)
		[ "sha256:${sum%% *}" = "$(config | jq -r ".rootfs.diff_ids[$i]")" ]
	done
}

@test "the configuration: Entrypoint is the program, Cmd its arguments; history counts the layers" {
	cartefile 'FROM scratch' 'NAME localhost/test:1 org.example.key=value' 'PATH server /bin/server' \
		'exe_PATH A=1 @7:8 /bin/server -x "b c"'
	make_image
	config | jq -e '.config == {User: "7:8", Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1"],
		Entrypoint: ["/bin/server"], Cmd: ["-x", "b c"], Labels: {"org.example.key": "value"}}'
	config | jq -e '.created == "1970-01-01T00:00:00Z" and .os == "linux"'
	config | jq -e '([.history[] | select(.empty_layer | not)] | length) == (.rootfs.diff_ids | length)'
	manifest | jq -e '.annotations["io.carte.compressor"] | startswith("libdeflate ")'
	jq -e '.manifests[0].annotations == {"io.containerd.image.name": "localhost/test:1", "org.opencontainers.image.ref.name": "localhost/test:1"}' "$D/out/index.json"
}

@test "--layers 1 and auto; --compress zstd and none: the same tars inside" {
	ids=$(make_image | jq -c '[.layers[].diffId]')
	[ "$(make_image --compress zstd | jq -c '[.layers[].diffId]')" = "$ids" ]
	manifest | jq -e '[.layers[].mediaType] | unique == ["application/vnd.oci.image.layer.v1.tar+zstd"]'
	[ "$(make_image --compress none | jq -c '[.layers[].diffId]')" = "$ids" ]
	[ "$(make_image --compress none | jq -c '[.layers[].digest]')" = "$ids" ]
	[ "$(make_image --layers 1 | jq '.layers | length')" = 1 ]
	[ "$(entries 0 | tr '\n' ' ')" = './ bin/ bin/server etc/ etc/test/ etc/test/one etc/test/two ' ]
	[ "$(make_image --layers auto | jq '.layers | length')" -le 2 ]
}

@test "the same image again: by another user, umask, zone, language, and order of files" {
	digest=$(make_image | jq -r .manifest)
	[ "$(TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 make_image --no-cache | jq -r .manifest)" = "$digest" ]
	(umask 077 && [ "$(make_image --no-cache | jq -r .manifest)" = "$digest" ])
	# another folder, made in another order, with other times and group's rights
	mkdir -p "$D/other/etc"
	for name in etc/two Cartefile server etc/one; do cp "$C/$name" "$D/other/$name"; done
	chmod -R g+w "$D/other"
	touch -d 2001-01-01 "$D/other/etc/one"
	[ "$(C=$D/other make_image --no-cache | jq -r .manifest)" = "$digest" ]
	shm=$(mktemp -d /dev/shm/carte-build.XXXXXX)
	cp -r "$D/other/." "$shm"
	got=$(C=$shm make_image --no-cache | jq -r .manifest)
	rm -rf "$shm"
	[ "$got" = "$digest" ]
	if [ "$(id -u)" = 0 ]; then
		chmod 755 "$D" "$D/.." "$D/../.." "$D/other" "$D/other/etc"
		mkdir -m 777 "$D/theirs"
		chmod -R a+rX "$D/other"
		got=$(CARTE_STORE=$D/theirs/store setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$CONVERTER" -q -o "oci:$D/theirs/out" "$D/other")
		[ "$got" = "$digest" ]
	fi
}

@test "SOURCE_DATE_EPOCH is the time of the files and of the image" {
	SOURCE_DATE_EPOCH=1700000000 make_image
	config | jq -e '.created == "2023-11-14T22:13:20Z"'
	blob "$D/out" "$(manifest | jq -r '.layers[1].digest')" | TZ=UTC tar tvz | grep -q '2023-11-14 22:13 etc/test/one'
	fails "SOURCE_DATE_EPOCH: expected seconds since 1970, got 'yesterday'" env SOURCE_DATE_EPOCH=yesterday "$CONVERTER" -o "oci:$D/o2" "$C"
}

@test "what has not changed is found again: the image, a layer by stat, a layer by its content" {
	# layers of less than 128 KiB are not worth a record
	head -c 200000 /dev/zero >"$C/etc/zeros" && sleep 0.05
	[ "$(make_image | jq -c '[.cached, [.layers[].cached]]')" = '[false,[false,false,false]]' ]
	first=$(make_image)
	[ "$(jq .cached <<<"$first")" = true ]
	# a new time, the same bytes
	touch "$C/etc/one" && sleep 0.05
	[ "$(make_image | jq -c '[.cached, [.layers[].cached]]')" = '[false,[false,true,true]]' ]
	[ "$(make_image | jq -c '[.cached, .manifest]')" = "[true,$(jq .manifest <<<"$first")]" ]
	# other bytes of the same length: only that layer is new
	echo eno >"$C/etc/one" && sleep 0.05
	[ "$(make_image | jq -c '[.cached, [.layers[].cached]]')" = '[false,[false,false,true]]' ]
	entries 1 >/dev/null
	[ "$(blob "$D/out" "$(manifest | jq -r '.layers[1].digest')" | tar xzO etc/test/one)" = eno ]
	[ "$(make_image --no-cache | jq -c '[.cached, [.layers[].cached]]')" = '[false,[false,false,false]]' ]
	# into another folder: the blobs are not there
	rm -rf "$D/out"
	[ "$(make_image | jq .cached)" = false ]
	config >/dev/null
}

@test "a blob of the store that was written to is made anew, not found again" {
	sleep 0.05
	"$CONVERTER" -q -o store "$C" >"$D/first"
	blob=$(ls -S "$CARTE_STORE"/blobs/sha256/* | head -1)
	cp "$blob" "$D/good"
	"$CONVERTER" --format json -o store "$C" | jq -e .cached
	printf 'XY' | dd of="$blob" bs=1 seek=20 conv=notrunc status=none
	[ "$("$CONVERTER" --format json -o store "$C" | jq .cached)" = false ]
	cmp "$blob" "$D/good"
	[ "$("$CONVERTER" -q -o store "$C")" = "$(cat "$D/first")" ]
	"$CONVERTER" fsck
}

@test "a new name, argument or option is another build" {
	head -c 200000 /dev/zero >"$C/etc/zeros" && sleep 0.05
	first=$(make_image | jq -r .manifest)
	sed -i 's/-x$/-y/' "$C/Cartefile"
	[ "$(make_image | jq -c '[.cached, [.layers[].cached]]')" = '[false,[false,true,true]]' ]
	[ "$(make_image | jq -r .manifest)" != "$first" ]
	[ "$(make_image --platform linux/amd64 | jq .cached)" = false ]
	[ "$(SOURCE_DATE_EPOCH=5 make_image | jq .cached)" = false ]
	chmod 755 "$C/etc/one"
	[ "$(make_image | jq .cached)" = false ]
	[ "$(blob "$D/out" "$(manifest | jq -r '.layers[1].digest')" | tar tvz | grep -c 'rwxr-xr-x.*test/one')" = 1 ]
}

@test "a file that was changed just now is not remembered" {
	echo 111 >"$C/etc/one"
	make_image >/dev/null
	echo 222 >"$C/etc/one"
	make_image >/dev/null
	[ "$(blob "$D/out" "$(manifest | jq -r '.layers[1].digest')" | tar xzO etc/test/one)" = 222 ]
}

@test "FROM oci: layers are kept byte for byte, new ones come on top, the configuration stays" {
	cto -q -o "oci:$D/base:b" "$C"
	base=$(jq -c '[.layers[].digest]' < <(manifest "$D/base"))
	echo three >"$C/three" && sleep 0.05 # a file that is too new is not remembered
	cartefile "FROM oci:$D/base:b" 'NAME localhost/top:1' 'PATH three /etc/test/three'
	make_image
	[ "$(manifest | jq -c '[.layers[].digest][:3]')" = "$base" ]
	[ "$(manifest | jq '.layers | length')" = 4 ]
	[ "$(entries 3 | tr '\n' ' ')" = './ etc/ etc/test/ etc/test/three ' ]
	config | jq -e '.config.Entrypoint == ["/bin/server"] and .config.Cmd == ["-x"]'
	config | jq -e '([.history[] | select(.empty_layer | not)] | length) == 4'
	for digest in $(manifest | jq -r '.layers[].digest'); do
		[ "sha256:$(blob "$D/out" "$digest" | sha256sum | cut -d' ' -f1)" = "$digest" ]
	done
	manifest | jq -e --arg d "$(jq -r '.manifests[0].digest' "$D/base/index.json")" '.annotations["org.opencontainers.image.base.digest"] == $d'
	[ "$(make_image | jq .cached)" = true ]
}

@test "the listing of a layer that was written is that of the layer when it is read" {
	head -c 1500000 /dev/urandom >"$C/etc/noise"
	ln "$C/etc/one" "$C/etc/hard"
	ln -s one "$C/etc/soft"
	cto -q -o store --layers 1 "$C"
	cp -r "$D/store/cache/listing" "$D/written"
	rm -rf "$D/store/cache/listing"
	cartefile 'FROM store:localhost/test:1' 'NAME localhost/top:1' 'PATH etc/two /two'
	make_image
	diff -r "$D/written" "$D/store/cache/listing"
}

@test "destinations: several at once, references, the store" {
	cto -o store -o "oci:$D/a" -o "oci:$D/b:other:2" "$C" >"$D/said"
	[ "$(cat "$D/said")" = "localhost/test:1 $(jq -r '.manifests[0].digest' "$D/a/index.json")" ]
	[ "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' "$D/b/index.json")" = other:2 ]
	[ "$(jq -r '.manifests[0].digest' "$D/store/index.json")" = "$(jq -r '.manifests[0].digest' "$D/b/index.json")" ]
	diff -r "$D/a/blobs" "$D/b/blobs"
	cto "$C" >"$D/said2"
	cmp "$D/said" "$D/said2"
}

@test "an image without a NAME: for a layout, not for the store" {
	sed -i /NAME/d "$C/Cartefile"
	make_image | jq -e '.name == null'
	jq -e '.manifests[0] | has("annotations") | not' "$D/out/index.json"
	fails 'Cartefile: NAME is missing: an image in the store needs one, such as NAME localhost/app:1.0' cto "$C"
}

@test "-f names another Cartefile, - is standard input; -q prints the digest" {
	mv "$C/Cartefile" "$D/my.cartefile"
	digest=$(cto -q -f "$D/my.cartefile" -o "oci:$D/a" "$C")
	[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]]
	[ "$(cto build -q -f - -o "oci:$D/b" "$C" <"$D/my.cartefile")" = "$digest" ]
	fails "$C/Cartefile: No such file or directory" cto -o "oci:$D/a" "$C"
	fails "context $D/none: No such file or directory" cto -o "oci:$D/a" "$D/none"
}

@test "words of options that do not exist" {
	fails '--slim big: expected none, prune, elf or trace' cto --slim big "$C"
	fails '--layers 2: expected 3, 1 or auto' cto --layers 2 "$C"
	fails '--compress bzip2: expected gzip, zstd or none' cto --compress bzip2 "$C"
	fails '--format yaml: expected text or json' cto --format yaml "$C"
	fails '--output tar:x: expected oci:DIR[:REF], oci-archive:FILE[:REF], docker-archive:FILE[:REF], bundle:DIR or store' cto -o tar:x "$C"
	fails '--output oci:: the path is missing' cto -o oci: "$C"
	fails "--output oci:$D/x:: the reference is missing" cto -o "oci:$D/x:" "$C"
	fails '--platform arm64: expected OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64' cto --platform arm64 -o "oci:$D/x" "$C"
	[ ! -e "$D/x" ]
	fails '--probe is for --slim trace' cto --probe x -o "oci:$D/x" "$C"
	fails '--exercise is for --slim trace' cto --slim elf --exercise x -o "oci:$D/x" "$C"
	run cto --platform arm64 -o "oci:$D/x" "$C"
	[ "$status" = 2 ]
	run cto --keep nothing -o "oci:$D/x" "$C"
	[ "$status" = 2 ]
}

@test "the program: missing, elsewhere, a folder, not executable, empty, a dangling link, for another machine" {
	try() { # WORDS LINE...
		local expected=$1
		shift
		cartefile 'FROM scratch' 'NAME localhost/test:1' "$@"
		fails "$expected" cto -o "oci:$D/x" "$C"
		[ ! -e "$D/x" ] || {
			find "$D/x"
			return 1
		}
	}
	try "Cartefile:4:10: '/bin/x' is not in the image: neither FROM nor a PATH line brings it" 'PATH server /bin/server' 'exe_PATH /bin/x'
	try "Cartefile:4:10: '/server' is not in the image; did you mean '/bin/server'?" 'PATH server /bin/server' 'exe_PATH /server'
	try "Cartefile:4:10: '/bin' is a folder: the program must be a regular file" 'PATH server /bin/server' 'exe_PATH /bin'
	try "Cartefile:4:10: '/one' is not executable (mode 0644): make the file executable, or give PATH a mode, such as /one:0755" \
		'PATH etc/one /one' 'exe_PATH /one'
	: >"$C/empty"
	chmod 755 "$C/empty"
	try "Cartefile:4:10: '/empty' is empty" 'PATH empty /empty' 'exe_PATH /empty'
	mkdir -p "$C/links"
	ln -s gone "$C/links/l"
	try "Cartefile:4:10: '/links/l' is a link to 'gone', which is not in the image" 'PATH links /links' 'exe_PATH /links/l'
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\0\1\0\0\0' | cat - /dev/zero | head -c 64 >"$C/riscv"
	printf '\100' | dd of="$C/riscv" bs=1 seek=52 conv=notrunc 2>/dev/null
	chmod 755 "$C/riscv"
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH riscv /riscv' 'exe_PATH /riscv'
	[ "$(make_image | jq .cached)" = false ]
	config | jq -e '.architecture == "riscv64"'
	fails "Cartefile:4:10: '/riscv' is a program for riscv64, and the image is for amd64 (--platform)" \
		cto --platform linux/amd64 -o "oci:$D/x" "$C"
}

@test "a failure leaves no new layout, and an old one as it was" {
	make_image >/dev/null
	find "$D/out" -type f -exec sha256sum {} + | sort >"$D/before"
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH gone /gone'
	fails "Cartefile:3:6: PATH: 'gone' is not in the context '$C'" cto -o "oci:$D/out" -o "oci:$D/new" "$C"
	find "$D/out" -type f -exec sha256sum {} + | sort | cmp - "$D/before"
	[ ! -e "$D/new" ]
	[ -z "$(ls -A "$D/store/tmp" 2>/dev/null)" ]
}

@test "a new layout that could only be half made is removed" {
	cto images -q
	said=$(
		trap '' XFSZ
		ulimit -f 0
		cto -o "oci:$D/half" "$C" 2>&1
	) || status=$?
	[ "$status" = 1 ]
	[ "$said" = "cartefile-to-oci: $D/half/oci-layout: File too large" ]
	[ ! -e "$D/half" ]
}

@test "a destination that fails: no layout stays, also of an image that was there before" {
	: >"$D/file"
	for i in 1 2; do
		fails "open folder $D/file: Not a directory" cto -o "oci:$D/new" -o "bundle:$D/file" "$C"
		[ ! -e "$D/new" ]
	done
	head -c 400000 /dev/urandom >"$C/etc/large"
	run bash -c 'ulimit -f 100; exec "$@" 2>&1' - "$CONVERTER" -o "oci-archive:$D/a.tar" -o "oci:$D/new" "$C"
	[ "$status" = 1 ]
	[[ ${lines[0]} == 'cartefile-to-oci: '*': File too large' ]]
	[ ! -e "$D/new" ]
	[ ! -e "$D/a.tar" ]
	[ "$("$CONVERTER" fsck)" = "$CARTE_STORE: clean" ]
}

@test "explain: an image that is elsewhere, when it was made here" {
	cto -q -o "oci:$D/out:x" "$C"
	cto explain --why /bin/server "oci:$D/out:x" | grep -x '/bin/server: PATH, line 4'
}

@test "a word that is no command" {
	cd "$D"
	fails "'bundel' is neither a command (see --help) nor a folder" cto bundel
}

@test "a Cartefile or .carteignore of the context that is a fifo; -f takes one" {
	mkfifo "$C/.carteignore"
	run -1 cto "$C"
	[ "$output" = 'cartefile-to-oci: .carteignore: is no regular file' ]
	rm "$C/.carteignore"
	run -0 cto -f <(cat "$C/Cartefile") "$C"
	rm "$C/Cartefile"
	mkfifo "$C/Cartefile"
	run -1 cto "$C"
	[ "$output" = "cartefile-to-oci: $C/Cartefile: is no regular file" ]
}

@test "--explain tells why each file is there, also of an image that was found again" {
	make_image --explain "$D/e1" >/dev/null
	jq -e '.name == "localhost/test:1" and ([.files[] | select(.path == "/bin/server")][0].layer == "executable")' "$D/e1"
	make_image --explain "$D/e2" | jq -e .cached
	cmp "$D/e1" "$D/e2"
	make_image --explain - 2>"$D/said" | cmp - "$D/e1"
	jq -e .cached "$D/said"
}

dynamic() { # a program that needs its libraries, into the context; skips where there is no compiler
	"${CC:-cc}" -O1 -o "$C/dynamic" "$BATS_FILE_TMPDIR/server.c" 2>/dev/null || skip 'there is no compiler'
	chmod 755 "$C/dynamic"
}

@test "FROM scratch: a dynamic program gets its libraries, a static one what --keep names, --slim none nothing" {
	dynamic
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH dynamic /bin/d' 'PATH etc /etc/test' 'exe_PATH /bin/d'
	make_image --layers 1 --explain "$D/e" >/dev/null
	jq -e '[.files[] | select(.why == "NEEDED")] | length >= 1' "$D/e"
	entries 0 | grep -q 'libc\.so'
	entries 0 | grep -qx 'etc/test/one'
	make_image --layers 1 --slim none >/dev/null
	[ "$(entries 0 | tr '\n' ' ')" = './ bin/ bin/d etc/ etc/test/ etc/test/one etc/test/two ' ]
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH server /bin/s' 'exe_PATH /bin/s'
	mkdir "$D/sysroot"
	mkdir -p "$D/sysroot/opt/kept"
	echo x >"$D/sysroot/opt/kept/file"
	make_image --layers 1 --sysroot "$D/sysroot" --keep /opt/kept >/dev/null
	[ "$(entries 0 | tr '\n' ' ')" = './ bin/ bin/s opt/ opt/kept/ opt/kept/file ' ]
	# a library of the host that changes is seen
	sleep 0.05
	make_image --layers 1 --sysroot "$D/sysroot" --keep /opt/kept >/dev/null # the first may have been too soon to be remembered
	[ "$(make_image --layers 1 --sysroot "$D/sysroot" --keep /opt/kept | jq .cached)" = true ]
	echo y >"$D/sysroot/opt/kept/file"
	[ "$(make_image --layers 1 --sysroot "$D/sysroot" --keep /opt/kept | jq .cached)" = false ]
}

@test "oci-archive and docker-archive: the same bytes again, read by skopeo" {
	cto -q -o "oci-archive:$D/a.tar" -o "docker-archive:$D/d.tar" -o "oci:$D/out" "$C"
	cto -q --no-cache -o "oci-archive:$D/a2.tar" -o "docker-archive:$D/d2.tar" "$C"
	cmp "$D/a.tar" "$D/a2.tar"
	cmp "$D/d.tar" "$D/d2.tar"
	command -v skopeo >/dev/null || skip 'skopeo is not installed'
	[ "$(skopeo inspect "oci-archive:$D/a.tar" | jq -r .Digest)" = "$(jq -r '.manifests[0].digest' "$D/out/index.json")" ]
	skopeo inspect "docker-archive:$D/d.tar" | jq -e .Layers
}

@test "other tools read it: skopeo, umoci" {
	command -v skopeo >/dev/null && command -v umoci >/dev/null || skip 'skopeo and umoci are not installed'
	cartefile 'FROM scratch' 'NAME localhost/test:1' 'PATH etc /srv/data:0640:33:44' 'PATH server /bin/server:4755' 'exe_PATH /bin/server'
	make_image >/dev/null
	skopeo inspect "oci:$D/out:localhost/test:1" | jq -e '.Architecture'
	skopeo copy -q "oci:$D/out:localhost/test:1" "docker-archive:$D/docker.tar:localhost/test:1"
	local rootless=()
	[ "$(id -u)" = 0 ] || rootless=(--rootless)
	umoci unpack "${rootless[@]}" --image "$D/out:localhost/test:1" "$D/bundle"
	[ "$(stat -c %a "$D/bundle/rootfs/bin/server")" = 4755 ]
	[ "$(stat -c %a "$D/bundle/rootfs/srv/data")" = 750 ]
	[ "$(id -u)" != 0 ] || [ "$(stat -c %u:%g "$D/bundle/rootfs/srv/data/one")" = 33:44 ]
	cmp "$D/bundle/rootfs/bin/server" "$PROGRAM"
}

@test "bases of other tools: archives with names, the layer of umoci insert" {
	command -v skopeo >/dev/null && command -v umoci >/dev/null || skip 'skopeo and umoci are not installed'
	umoci init --layout "$C/base"
	umoci new --image "$C/base:1"
	[ "$(id -u)" = 0 ] || skip 'umoci cannot insert without root'
	umoci insert --image "$C/base:1" "$C/etc" /etc
	skopeo copy -q "oci:$C/base:1" "oci-archive:$C/o.tar:a/b:1"
	skopeo copy -q "oci:$C/base:1" "docker-archive:$C/d.tar:a/b:1"
	for from in oci:base:1 oci-archive:o.tar oci-archive:o.tar:a/b:1 docker-archive:d.tar:a/b:1 docker-archive:d.tar:docker.io/a/b:1; do
		cartefile "FROM $from" 'NAME x:1' 'PATH server' 'exe_PATH /server'
		rm -rf "$D/x"
		cto -q -o "oci:$D/x" "$C"
		cto unpack "oci:$D/x" "$D/x/files"
		diff -r "$C/etc" "$D/x/files/etc"
		cmp "$D/x/files/server" "$PROGRAM"
	done
	cartefile 'FROM docker-archive:d.tar:b:1' 'exe_PATH /server'
	fails "Cartefile:1:6: docker-archive:$C/d.tar: has no image 'b:1'; there is: docker.io/a/b:1" cto -o "oci:$D/y" "$C"
}

@test "ten builds at once, into one store and one layout" {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		mkdir "$D/c$i"
		cp -r "$C/." "$D/c$i"
		echo "$i" >"$D/c$i/etc/one"
		sed -i "s/test:1/test:$i/" "$D/c$i/Cartefile"
		cto -q -o store -o "oci:$D/out" "$D/c$i" >"$D/said$i" 2>&1 &
	done
	wait
	[ "$(jq '.manifests | length' "$D/out/index.json")" = 10 ]
	[ "$(jq '.manifests | length' "$D/store/index.json")" = 10 ]
	cto fsck --store "$D/store"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		jq -e --arg d "$(cat "$D/said$i")" '[.manifests[].digest] | index($d)' "$D/out/index.json" >/dev/null
	done
}

@test "killed at any moment: the store is clean, the next build succeeds" {
	head -c 3000000 /dev/urandom >"$C/etc/noise"
	for i in $(seq 40); do
		echo "$i" >"$C/etc/one"
		cto -q "$C" >/dev/null 2>&1 &
		pid=$!
		sleep "0.0$(printf '%02d' $((i * 2)))"
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		cto fsck
	done
	cto -q "$C"
	cto fsck
	[ "$(blob "$D/store" "$(manifest "$D/store" | jq -r '.layers[1].digest')" | tar xzO etc/test/one)" = 40 ]
}

@test "no space left: a line says so, the store is clean, the next build succeeds" {
	[ "$(id -u)" = 0 ] || skip 'mounting a small file system needs root'
	head -c 2000000 /dev/urandom >"$C/etc/noise"
	mkdir "$D/small"
	for size in 200 600 1200 2000 2600; do
		mount -t tmpfs -o "size=${size}k" carte-test "$D/small"
		status=0
		CARTE_STORE=$D/small/store cto -q "$C" >"$D/said" 2>&1 || status=$?
		if [ $status -ne 0 ]; then
			grep -q 'No space left on device' "$D/said" && [ "$(wc -l <"$D/said")" = 1 ] || {
				cat "$D/said"
				umount "$D/small"
				return 1
			}
			mount -o remount,size=16m "$D/small"
			[ ! -e "$D/small/store" ] || cto fsck --store "$D/small/store" || status=bad
			CARTE_STORE=$D/small/store cto -q "$C" || status=bad
		fi
		cto fsck --store "$D/small/store" || status=bad
		umount "$D/small"
		[ "$status" != bad ]
	done
}
