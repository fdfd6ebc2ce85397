#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte-scale config: what it prints, and that Docker's own docker-compose takes the same files and what is printed.

setup() {
	top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}
	for folder in "${top_builddir:-}" . "$top/build"; do
		[ -n "$folder" ] || continue
		SCALE=$folder/carte-scale
		[ ! -x "$SCALE" ] || break
	done
	[ -x "$SCALE" ] || skip 'carte-scale is not built'
	SCALE=$(readlink -f "$SCALE")
	D=$BATS_TEST_TMPDIR
	data=$top/tests/data/compose
}

with_compose() {
	command -v docker-compose >/dev/null || skip 'docker-compose is not installed'
}

# services of a document as docker-compose understands it: names, images, ports
understood() { # FILE
	docker-compose -f "$1" config 2>/dev/null | python3 -c '
import json, sys, yaml
d = yaml.safe_load(sys.stdin)
def ports(s):
    return sorted(str(p) if not isinstance(p, dict) else "%s:%s/%s" % (p.get("published"), p["target"], p.get("protocol", "tcp")) for p in s.get("ports", []))
keys = "image command entrypoint environment user working_dir hostname cap_add cap_drop sysctls tty init read_only stop_signal labels restart".split()
out = {}
for n, s in sorted(d["services"].items()):
    out[n] = {k: s.get(k) or None for k in keys}
    out[n]["replicas"] = (s.get("deploy") or {}).get("replicas", s.get("scale", 1))
    out[n]["targets"] = sorted((v["target"] if isinstance(v, dict) else v.split(":")[1] if ":" in v else v) for v in s.get("volumes", []) if not (isinstance(v, dict) and v["type"] == "tmpfs"))
print(json.dumps(out, indent=1, sort_keys=True))'
}

@test "config: the normalised document is printed again as it is" {
	for file in "$data/full.yaml" "$data/full-new.yaml" "$data/anchors.json" "$top/examples/compose/compose.yaml"; do
		"$SCALE" config -f "$file" >"$D/once.yaml"
		"$SCALE" config -f "$file" --format json >"$D/once.json"
		# a folder of its own is the only thing that may differ
		"$SCALE" config -f "$D/once.yaml" | sed "s,^  directory: .*,," >"$D/twice.yaml"
		diff <(sed "s,^  directory: .*,," "$D/once.yaml") "$D/twice.yaml"
		"$SCALE" config -f "$D/once.json" | sed "s,^  directory: .*,," | diff "$D/twice.yaml" -
	done
}

@test "config: docker-compose takes the same files" {
	with_compose
	docker-compose -f "$data/full.yaml" config -q
	docker-compose -f "$data/anchors.json" config -q
	docker-compose -f "$top/examples/compose/compose.yaml" config -q
}

@test "config: docker-compose takes what is printed, and understands the same" {
	with_compose
	python3 -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'
	for file in "$data/full.yaml" "$top/examples/compose/compose.yaml"; do
		for format in yaml json; do
			"$SCALE" config -f "$file" --format $format >"$D/printed.$format"
			docker-compose -f "$D/printed.$format" config -q
		done
		understood "$D/printed.json" >"$D/printed.is"
		understood "$D/printed.yaml" | diff "$D/printed.is" -
		[ "$(wc -l <"$D/printed.is")" -gt 20 ]
		[ "$(python3 -c 'import json, sys; print(" ".join(json.load(sys.stdin)))' <"$D/printed.is")" = \
			"$("$SCALE" config -f "$file" --services | sort | xargs)" ]
	done
	# the values of a file without variables or names of its own
	printf 'services:\n  web:\n    image: web:1\n    user: "5"\n    command: [a, "$$b"]\n    environment: {A: "1", B: "x$$y"}\n    cap_add: [NET_ADMIN]\n    stop_signal: SIGINT\n    sysctls: {net.core.somaxconn: "5"}\n    restart: always\n    deploy: {replicas: 2}\n    volumes: ["/etc:/host:ro"]\n' >"$D/in.yaml"
	"$SCALE" config -f "$D/in.yaml" >"$D/out.yaml"
	diff <(understood "$D/in.yaml") <(understood "$D/out.yaml")
}

@test "config: lists of names, nothing with -q" {
	cd "$D"
	mkdir below
	printf 'services: {web: {image: web}, a: {image: web, profiles: [p]}, db: {build: .}}\nvolumes: {one: , two: }\n' >compose.yml
	cd below
	[ "$("$SCALE" config --services)" = $'web\ndb' ]
	[ "$("$SCALE" config --services --profile p)" = $'web\na\ndb' ]
	[ "$("$SCALE" config -p x --images)" = $'web\nlocalhost/x-db:latest' ]
	[ "$("$SCALE" config --volumes)" = $'one\ntwo' ]
	[ -z "$("$SCALE" config -q)" ]
}

@test "config: variables of the environment, of .env and of --env-file" {
	cd "$D"
	printf 'services: {web: {image: "$ONE-$TWO"}}\n' >compose.yaml
	printf 'ONE=env\nTWO=env\n' >.env
	printf 'ONE=other\nTWO=other\n' >other
	[ "$(ONE=caller "$SCALE" config --images)" = caller-env ]
	[ "$("$SCALE" config --env-file other --images)" = other-other ]
}

@test "config: several files, and standard input" {
	cd "$D"
	printf 'services: {web: {image: a, ports: ["1:1"]}}\n' >a.yaml
	printf 'services: {web: {image: b, ports: ["2:2"]}}\n' |
		"$SCALE" config -f a.yaml -f - --service web >out
	grep -q '"image":"b"' out
	grep -q '"ports":\["1:1/tcp","2:2/tcp"\]' out
}

@test "config: what a revision is made of has no replicas and no scale" {
	cd "$D"
	service() { printf 'services: {web: {image: a, scale: %s, x-carte: {scale: {max: 9}}}}\n' "$1" | "$SCALE" config -f - --service web; }
	[ "$(service 1)" = "$(service 2)" ]
	[[ $(service 1) != *replicas* ]]
}
