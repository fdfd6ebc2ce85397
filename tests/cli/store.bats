#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# store.bats - the commands of the store: images, rmi, gc, fsck. The images are written by hand: a store is a layout.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/converter.sh
. "$TESTS/lib/converter.sh"

setup_file() {
	converter_find || skip 'cartefile-to-oci is not built'
}

setup() {
	D=$BATS_TEST_TMPDIR
	export CARTE_STORE=$D/store
	cto images -q
}

cto() { "$CONVERTER" "$@"; }

put() { # TEXT: a blob; prints its digest and size as members of a descriptor
	local hex
	hex=$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)
	printf '%s' "$1" >"$CARTE_STORE/blobs/sha256/$hex"
	printf '"digest":"sha256:%s","size":%d' "$hex" "${#1}"
}

image() { # CONTENT: prints the descriptor of its manifest, without the last brace
	local layer config diff
	layer=$(put "$1")
	diff=$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)
	config=$(put "{\"created\":\"2023-04-05T06:07:08.123Z\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$diff\"]}}")
	printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json",%s' \
		"$(put "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",$config},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",$layer}]}")"
}

index() { # NAME=CONTENT...: index.json
	local entries=() pair
	for pair in "$@"; do
		entries+=("$(image "${pair#*=}"),\"annotations\":{\"org.opencontainers.image.ref.name\":\"${pair%%=*}\"}}")
	done
	(
		IFS=,
		printf '{"schemaVersion":2,"manifests":[%s]}' "${entries[*]}"
	) >"$CARTE_STORE/index.json"
}

fails() { # STATUS EXPECTED-STDERR COMMAND...
	local status=0 want=$1 expected=$2
	shift 2
	"$@" >"$D/out" 2>"$D/err" || status=$?
	diff -u <(printf '%s\n' "$expected") "$D/err"
	[ "$status" = "$want" ] || {
		echo "exit status $status, not $want"
		return 1
	}
}

@test 'images: none' {
	[ "$(cto images)" = 'NAME   DIGEST   CREATED   PLATFORM   LAYERS   SIZE' ]
	[ "$(cto images --format json)" = '[]' ]
	[ -z "$(cto images -q)" ]
}

@test 'images: a table, JSON, names' {
	index localhost/b:1=one localhost/a:22=two
	run -0 cto images
	[ "${lines[0]}" = 'NAME             DIGEST         CREATED               PLATFORM         LAYERS   SIZE' ]
	[[ ${lines[1]} =~ ^localhost/a:22'   '[0-9a-f]{12}'   2023-04-05T06:07:08   linux/arm64/v8   1        '[0-9]{3}B$ ]]
	[[ ${lines[2]} =~ ^'localhost/b:1    ' ]]
	[ "${#lines[@]}" = 3 ]
	run -0 cto images --format json
	[ "$(jq -c '.[0] | [.name, .created, .platform, .layers]' <<<"$output")" = '["localhost/a:22","2023-04-05T06:07:08.123Z","linux/arm64/v8",1]' ]
	[ "$(jq -r '.[0].digest' <<<"$output")" = "$(jq -r '.manifests[1].digest' "$CARTE_STORE/index.json")" ]
	run -0 cto images -q
	[ "$output" = $'localhost/a:22\nlocalhost/b:1' ]
	fails 2 "cartefile-to-oci: unknown format 'xml': expected table or json" cto images --format xml
}

@test 'images: a damaged one is listed with what is known' {
	index localhost/a:1=one
	rm "$CARTE_STORE/blobs/sha256/$(jq -r '.manifests[0].digest' "$CARTE_STORE/index.json" | cut -d: -f2)"
	run -0 cto images
	[[ ${lines[1]} =~ ^localhost/a:1'   '[0-9a-f]{12}'   -         -          -        -'$ ]]
}

@test 'images: a store of one'\''s own, by --store' {
	index localhost/a:1=one
	[ -z "$(cto images -q --store "$D/other")" ]
	[ -f "$D/other/oci-layout" ]
}

@test 'rmi: names, a digest, and the missing' {
	index localhost/a:1=one localhost/b:1=two localhost/c:1=three
	[ "$(cto rmi localhost/a:1)" = localhost/a:1 ]
	fails 4 "cartefile-to-oci: $CARTE_STORE: no image 'x': there are localhost/b:1, localhost/c:1
cartefile-to-oci: $CARTE_STORE: no image 'y': there is localhost/c:1" cto rmi x localhost/b:1 y
	[ "$(cat "$D/out")" = localhost/b:1 ]
	digest=$(jq -r '.manifests[0].digest' "$CARTE_STORE/index.json")
	cto rmi "${digest:7:12}"
	[ -z "$(cto images -q)" ]
	fails 4 "cartefile-to-oci: $CARTE_STORE: no image 'localhost/c:1': there is none" cto rmi localhost/c:1
}

@test 'a name is found as NAME writes it: without localhost/ and :latest' {
	index localhost/a:1=one localhost/b:latest=two c:1=three localhost/c:1=four
	[ "$(cto rmi a:1)" = localhost/a:1 ]
	[ "$(cto rmi store:b)" = localhost/b:latest ]
	[ "$(cto rmi c:1)" = c:1 ]
	[ "$(cto rmi c:1)" = localhost/c:1 ]
	index localhost/a:1=one
	fails 4 "cartefile-to-oci: bundle $D/bundle: $CARTE_STORE: no image 'a': there is localhost/a:1" cto bundle a "$D/bundle"
	run -0 cto diff a:1 localhost/a:1
	[ -z "$output" ]
	fails 4 "cartefile-to-oci: $CARTE_STORE: no image 'b:1': there is localhost/a:1" cto explain b:1
}

@test 'exit status 4: what is named is not there' {
	fails 4 "cartefile-to-oci: context $D/none: No such file or directory" cto "$D/none"
	fails 4 "cartefile-to-oci: $D/none: No such file or directory" cto -f "$D/none" "$D"
}

@test 'gc: what no name needs' {
	index localhost/a:1=one localhost/b:1=two
	[ "$(cto gc)" = 'nothing to remove' ]
	cto rmi localhost/b:1
	run -0 cto gc --dry-run
	[[ $output =~ ^'3 blobs would go, '[0-9]{3}' bytes'$ ]]
	[ "$(find "$CARTE_STORE/blobs" -type f | wc -l)" = 6 ]
	run -0 cto gc
	[[ $output =~ ^'3 blobs removed, '[0-9]{3}' bytes'$ ]]
	[ "$(find "$CARTE_STORE/blobs" -type f | wc -l)" = 3 ]
	[ "$(cto fsck)" = "$CARTE_STORE: clean" ]
}

@test 'gc: layers that a bundle uses stay until it is removed' {
	mkdir -p "$D/ctx" "$D/many"
	echo one >"$D/ctx/f"
	printf 'FROM scratch\nNAME localhost/one\nPATH f /f\n' >"$D/ctx/Cartefile"
	cto build -q "$D/ctx"
	cto bundle localhost/one "$D/b" /f
	cto bundle --template --pin "$D/many" localhost/one "$D/t" /f
	mkdir "$D/many/r1"
	cp "$D/t/config.json" "$D/many/r1/"
	[ "$(find "$CARTE_STORE/pins" -type f | wc -l)" = 2 ]
	cto rmi localhost/one
	cto gc
	[ -z "$(find "$CARTE_STORE/blobs" -type f)" ]
	layer=$(jq -r '.annotations["io.carte.rootfs.layers"] | fromjson[0]' "$D/b/config.json")
	[ "$(cat "$layer/f")" = one ]
	rm -r "$D/b"
	[ "$(cto gc)" = 'nothing to remove' ]
	[ "$(find "$CARTE_STORE/pins" -type f | wc -l)" = 1 ]
	echo '{' >"$D/many/r1/config.json"
	run -3 cto gc
	[[ $output == "cartefile-to-oci: cannot tell what is needed (see fsck): $D/many/r1/config.json:"* ]]
	[ -d "$layer" ]
	rm -r "$D/many/r1"
	run -0 cto gc
	[[ $output == '1 unpacked layer removed, '* ]]
	[ ! -e "$layer" ]
}

@test 'fsck: findings, repair' {
	index localhost/a:1=one
	[ "$(cto fsck)" = "$CARTE_STORE: clean" ]
	hex=$(printf one | sha256sum | cut -d' ' -f1)
	echo wrong >"$CARTE_STORE/blobs/sha256/$hex"
	run -1 cto fsck
	[ "$output" = "blobs/sha256/$hex: the content has another digest
image localhost/a:1: $CARTE_STORE/blobs/sha256/$hex: expected 3 bytes, there are 6" ]
	run -1 cto fsck --repair
	[ "$output" = "blobs/sha256/$hex: the content has another digest (removed)
image localhost/a:1: $CARTE_STORE/blobs/sha256/$hex: No such file or directory" ]
	printf one >"$CARTE_STORE/blobs/sha256/$hex"
	[ "$(cto fsck)" = "$CARTE_STORE: clean" ]
}

@test 'names that would steer a terminal are shown without it' {
	local entry
	entry=$(image one)
	printf '{"schemaVersion":2,"manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"a\\u001b[31m\\nb"}}]}' "$entry" >"$CARTE_STORE/index.json"
	[ "$(cto images -q)" = 'a?[31m?b' ]
	run -0 cto images
	[[ ${lines[1]} == 'a?[31m?b   '* ]]
	rm "$CARTE_STORE/blobs/sha256/$(printf one | sha256sum | cut -d' ' -f1)"
	run -1 cto fsck
	[[ $output == 'image a?[31m?b: '*': No such file or directory' ]]
}

@test 'fsck: an index that cannot be read' {
	echo '{' >"$CARTE_STORE/index.json"
	run -1 cto fsck --repair
	[[ $output == "$CARTE_STORE/index.json:"*' (restore it from a copy, or remove it: the next build makes a new one)' ]]
	rm "$CARTE_STORE/index.json"
	[ "$(cto fsck)" = "$CARTE_STORE: clean" ]
}

@test 'no store can be made' {
	fails 1 "cartefile-to-oci: /proc/version: is no OCI image layout: not a folder" cto images --store /proc/version
}
