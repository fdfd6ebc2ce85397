#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte-scale export, drive: what is written, that its readers would take it, what is said to be lost, and bad input.

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
	full=$top/tests/data/export/full.yaml
	check=$top/tests/cli/helpers/export-check
	# Debian's own: another python3 in $PATH lacks Debian's packages
	PYTHON=/usr/bin/python3
	[ -x $PYTHON ] || PYTHON=python3
}

export_to() { # ENGINE FILE [OPTION...] - stdout in $D/out, stderr in $D/err
	local engine=$1 file=$2
	shift 2
	"$SCALE" export --to "$engine" -f "$file" "$@" >"$D/out" 2>"$D/err"
}

get() { # EXPRESSION - of the YAML documents of $D/out, as "d"; by kind and name: of("Deployment", "web")
	$PYTHON - "$D/out" "$1" <<-'PY'
		import json, sys, yaml
		d = [x for x in yaml.safe_load_all(open(sys.argv[1])) if x]
		def of(kind, name):
		    return next(x for x in d if x.get("kind") == kind and x["metadata"]["name"] == name)
		print(json.dumps(eval(sys.argv[2]), sort_keys=True))
	PY
}

with_yaml() {
	$PYTHON -c 'import yaml' 2>/dev/null || skip 'python3-yaml is not installed'
}

@test "export: Kubernetes' own models take every document" {
	with_yaml
	$PYTHON -c 'import kubernetes.client' 2>/dev/null || skip 'python3-kubernetes is not installed'
	for file in "$full" "$top/examples/compose/compose.yaml" "$top/examples/services/compose.yaml"; do
		export_to kubernetes "$file"
		$PYTHON "$check" kubernetes "$D/out"
	done
	# the check can fail
	export_to kubernetes "$full"
	sed 's/maxReplicas: 9/maxReplicas: nine/' "$D/out" >"$D/bad"
	run $PYTHON "$check" kubernetes "$D/bad"
	[ "$status" = 1 ]
	[ "$output" = 'HorizontalPodAutoscaler web.spec.maxReplicas: expected int, got str' ]
	sed 's/selectPolicy/selectedPolicy/' "$D/out" >"$D/bad"
	run $PYTHON "$check" kubernetes "$D/bad"
	[ "$status" = 1 ]
	[[ $output == *'HorizontalPodAutoscaler web.spec.behavior.scaleUp.selectedPolicy: no such field'* ]]
}

@test "export: Kubernetes: the kinds, and the numbers of the Compose file in them" {
	with_yaml
	export_to kubernetes "$full"
	[ "$(get '[x["kind"] + " " + x["metadata"]["name"] for x in d]' | tr -d '[]",')" = "RuntimeClass carte ConfigMap page Secret key PersistentVolumeClaim kept Deployment web Service web Service web-public HorizontalPodAutoscaler web PodDisruptionBudget web Deployment store Service store" ]
	[ "$(get 'of("RuntimeClass", "carte")["handler"]')" = '"carte"' ]
	[ "$(get 'of("Deployment", "web")["spec"]["template"]["spec"]["runtimeClassName"]')" = '"carte"' ]
	# TCP and UDP
	[ "$(get '[(p["protocol"], p["port"], p["targetPort"]) for p in of("Service", "web-public")["spec"]["ports"]]')" = '[["TCP", 8088, 80], ["UDP", 9000, 9000]]' ]
	# without ports: by the pods' addresses
	[ "$(get 'of("Service", "store")["spec"]["clusterIP"]')" = '"None"' ]
	# windows and rates
	[ "$(get 'of("HorizontalPodAutoscaler", "web")["spec"]["behavior"]')" = '{"scaleDown": {"policies": [{"periodSeconds": 20, "type": "Pods", "value": 1}], "selectPolicy": "Max", "stabilizationWindowSeconds": 90}, "scaleUp": {"policies": [{"periodSeconds": 15, "type": "Pods", "value": 2}, {"periodSeconds": 15, "type": "Percent", "value": 50}], "selectPolicy": "Max", "stabilizationWindowSeconds": 5}}' ]
	# 60 per cent of half a core; a number that is served; what a label is
	[ "$(get '[m.get("resource", {}).get("target", {}).get("averageValue") or m["pods"]["target"]["averageValue"] for m in of("HorizontalPodAutoscaler", "web")["spec"]["metrics"]]')" = '["300m", "25000m"]' ]
	[ "$(get 'of("HorizontalPodAutoscaler", "web")["spec"]["metrics"][1]["pods"]["metric"]')" = '{"name": "sessions", "selector": {"matchLabels": {"room": "a"}}}' ]
	# the autoscaler's number is not the file's
	[ "$(get '"replicas" in of("Deployment", "web")["spec"], of("Deployment", "store")["spec"]["replicas"]')" = '[false, 1]' ]
	[ "$(get 'of("Deployment", "web")["spec"]["strategy"]')" = '{"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}, "type": "RollingUpdate"}' ]
	printf 'services: {web: {image: web, cap_add: [CAP_NET_ADMIN], cap_drop: [cap_net_raw, CHOWN]}}\n' >"$D/caps.yaml"
	export_to kubernetes "$D/caps.yaml"
	[ "$(get 'of("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"]')" = '{"add": ["NET_ADMIN"], "drop": ["net_raw", "CHOWN"]}' ]
	export_to kubernetes "$full"
	# dollars: a command's are doubled, as "$(NAME)" is a variable there; a config's are not
	[ "$(get 'of("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["args"]')" = '["-p", "$$(HOME)"]' ]
	[ "$(get 'of("ConfigMap", "page")["data"]["content"]')" = '"cost: $5\n"' ]
	[ "$(get '__import__("base64").b64decode(of("Secret", "key")["data"]["content"]).decode()')" = '"s3cret\n"' ]
}

@test "export: Kubernetes: by its name a service is reached at published and exposed ports, and that others are not is said" {
	with_yaml
	printf 'services: {web: {image: web, ports: ["8080:80"], expose: ["80", "9100", "53/udp"]}, some: {image: web, ports: ["81:80"]}, back: {image: web, expose: ["6379"]}}\n' >"$D/c.yaml"
	export_to kubernetes "$D/c.yaml"
	[ "$(get '[(p["protocol"], p["port"], p["targetPort"]) for p in of("Service", "web")["spec"]["ports"]]')" = '[["TCP", 80, 80], ["TCP", 9100, 9100], ["UDP", 53, 53]]' ]
	[ "$(get '[p["port"] for p in of("Service", "web-public")["spec"]["ports"]]')" = '[8080]' ]
	[ "$(get 'of("Service", "back")["spec"]["clusterIP"], "ports" in of("Service", "back")["spec"]')" = '["None", false]' ]
	words='by its name others reach these ports of the container alone: name further ones in expose'
	[ "$(grep -cF "$words" "$D/err")" = 1 ]
	grep -qxF "$D/c.yaml:1: warning: services.some.ports: $words" "$D/err"
}

@test "export: Kubernetes: what is limited and not reserved is reserved there, and that is said" {
	printf 'services:\n  web:\n    image: web\n    cpus: 0.5\n    mem_limit: 64m\n  both:\n    image: web\n    deploy:\n      resources:\n        limits: {cpus: "1", memory: 64M}\n        reservations: {cpus: "0.5"}\n' >"$D/c.yaml"
	export_to kubernetes "$D/c.yaml"
	words='nothing is reserved, so the cluster reserves the whole limit for each pod: say deploy.resources.reservations.'
	[ "$(grep -F "$words" "$D/err")" = "$D/c.yaml:4: warning: services.web.cpus: ${words}cpus
$D/c.yaml:5: warning: services.web.mem_limit: ${words}memory
$D/c.yaml:10: warning: services.both.deploy.resources.limits.memory: ${words}memory" ]
	grep -qF "# cpus: $words" "$D/out"
}

@test "export: policy predict is target elsewhere, and that is said" {
	with_yaml
	printf 'services: {web: {image: web, x-carte: {scale: {min: 1, max: 5, policy: predict, metric: cpu, target: 50}}}}\n' >"$D/predict.yaml"
	export_to kubernetes "$D/predict.yaml"
	[ "$(get 'of("HorizontalPodAutoscaler", "web")["spec"]["maxReplicas"], "replicas" in of("Deployment", "web")["spec"]')" = '[5, false]' ]
	grep -qF "$D/predict.yaml:1: warning: services.web.x-carte.scale.policy: the autoscaler forecasts nothing: it follows what is measured, as policy target does" "$D/err"
	export_to nomad "$D/predict.yaml"
	grep -qF 'nomad-autoscaler forecasts nothing' "$D/err"
	export_to swarm "$D/predict.yaml" -o "$D/predicted"
	grep -qF 'carte-scale drive forecasts nothing' "$D/err"
}

@test "export: what has no counterpart is named with its line, and as a comment" {
	export_to kubernetes "$full"
	calendar=$(grep -n 'calendar:' "$full" | cut -d: -f1)
	grep -qF "$full:$calendar: warning: services.web.x-carte.scale.calendar: Kubernetes has no calendar: at least 4 from '55 8 * * mon-fri' on for 7200 s needs KEDA's cron scaler, or somebody who changes minReplicas" "$D/err"
	grep -qF "# x-carte.scale.calendar: Kubernetes has no calendar" "$D/out"
	grep -q "^$full:$(grep -n 'ulimits:' "$full" | cut -d: -f1): warning: services.store.ulimits: " "$D/err"
	grep -qF "services.web.ports: TCP and UDP at one load balancer need Kubernetes 1.24, and one that can do it" "$D/err"
	# nothing is said of what the file does not say
	printf 'services: {web: {image: web}}\n' >"$D/small.yaml"
	for engine in kubernetes nomad; do
		export_to $engine "$D/small.yaml"
		[ "$(grep -vc restarts "$D/err")" = 0 ]
	done
	# each line has a place
	export_to nomad "$full"
	! grep -Ev '^[^:]+:[0-9]+: warning: ' "$D/err"
}

@test "export: no text of the file ends a comment, and none is cut within a character" {
	with_yaml
	# the path is longer than what is said of it may be, and its 511th byte is half a character
	cat >"$D/c.yaml" <<-YAML
		services: {web: {image: web, labels: {"\\u2028kind: Evil\\u2028": x}, volumes: ["/x$(printf '\303\244%.0s' $(seq 300)):/x"]}}
	YAML
	export_to kubernetes "$D/c.yaml"
	grep -qF "# labels: '???kind: Evil???' is no name of an annotation" "$D/out"
	iconv -f UTF-8 -t UTF-8 "$D/out" >/dev/null
	[ "$(get 'all(x["kind"] != "Evil" for x in d)')" = true ]
}

@test "export: Nomad's job has the fields of its API, and no others" {
	$PYTHON -c 'import jsonschema' 2>/dev/null || skip 'python3-jsonschema is not installed'
	for file in "$full" "$top/examples/compose/compose.yaml" "$top/examples/services/compose.yaml"; do
		export_to nomad "$file"
		$PYTHON "$check" nomad "$D/out" "$top/tests/data/export/nomad-job.schema.json"
	done
	sed 's/"MaxParallel"/"MaxParalel"/' "$D/out" >"$D/bad"
	run $PYTHON "$check" nomad "$D/bad" "$top/tests/data/export/nomad-job.schema.json"
	[ "$status" = 1 ]
	[[ $output == *"'MaxParalel' was unexpected"* ]]
}

@test "export: Nomad: logs that are as large as a group's disk get a larger one" {
	printf 'services: {web: {image: web, logging: {options: {max-size: 100m, max-file: "3"}}}, small: {image: web}}\n' >"$D/c.yaml"
	export_to nomad "$D/c.yaml"
	[ "$(jq -c '[.Job.TaskGroups[].EphemeralDisk]' "$D/out")" = '[{"SizeMB":600},null]' ]
}

@test "export: Nomad: scaling, update, runtime" {
	export_to nomad "$full"
	[ "$(jq -c '.Job.TaskGroups[0].Scaling | [.Min, .Max, .Enabled, .Policy.cooldown, .Policy.cooldown_on_scale_up]' "$D/out")" = '[2,9,true,"90s","5s"]' ]
	[ "$(jq -r '.Job.TaskGroups[0].Scaling.Policy.check[1].metric_2[0].query' "$D/out")" = 'avg(sum by (instance) (sessions{room="a"}))' ]
	[ "$(jq -c '.Job.TaskGroups[0].Update | [.MaxParallel, .Canary, .AutoPromote, .AutoRevert, .MinHealthyTime]' "$D/out")" = '[2,2,true,true,3000000000]' ]
	# restart: no is no new start elsewhere either
	printf 'services: {once: {image: web, restart: "no"}, on: {image: web, restart: always}}\n' >"$D/once.yaml"
	export_to nomad "$D/once.yaml"
	[ "$(jq -c '[.Job.TaskGroups[].ReschedulePolicy]' "$D/out")" = '[{"Attempts":0,"Unlimited":false},null]' ]
	export_to nomad "$full"
	[ "$(jq -r '[.Job.TaskGroups[].Tasks[0] | .Driver + " " + .Config.runtime] | unique[]' "$D/out")" = 'docker carte' ]
	[ "$(jq -c '.Job.TaskGroups[0].Networks[0].ReservedPorts' "$D/out")" = '[{"Label":"p8088_80","Value":8088,"To":80},{"Label":"p9000_9000","Value":9000,"To":9000}]' ]
	[ "$(jq -r '.Job.TaskGroups[0].Tasks[0].Config.args[1]' "$D/out")" = '$(HOME)' ]
}

@test "export: Nomad: a secret of bytes that are no text is not put in as another" {
	printf 'k\377\376y' >"$D/key"
	printf 'services: {web: {image: web, secrets: [key]}}\nsecrets: {key: {file: %s}}\n' "$D/key" >"$D/c.yaml"
	export_to nomad "$D/c.yaml"
	grep -qF 'services.web.secrets: key: a template is a text, this is not' "$D/err"
	[ "$(jq -c '.Job.TaskGroups[0].Tasks[0].Templates' "$D/out")" = null ]
}

@test "export: swarm: a folder that is complete, secrets for their owner alone" {
	with_yaml
	export_to swarm "$full" -o "$D/stack"
	[ "$(cd "$D/stack" && echo *)" = 'README.md config-page daemon.json secret-key stack.yaml' ]
	[ "$(stat -c %a "$D/stack/secret-key")" = 600 ]
	[ "$(cat "$D/stack/config-page")" = 'cost: $5' ]
	[ "$(jq -r '."default-runtime" + " " + .runtimes.carte.path' "$D/stack/daemon.json")" = 'carte /usr/bin/carte-runtime' ]
	# it is a Compose file still
	"$SCALE" config -q -f "$D/stack/stack.yaml"
	cp "$D/stack/stack.yaml" "$D/out"
	[ "$(get 'd[0]["version"]')" = '"3.9"' ]
	[ "$(get 'd[0]["services"]["web"]["ports"]')" = '[{"mode": "ingress", "protocol": "tcp", "published": 8088, "target": 80}, {"mode": "ingress", "protocol": "udp", "published": 9000, "target": 9000}]' ]
	[ "$(get 'd[0]["services"]["web"]["deploy"]["resources"]["limits"]["pids"]')" = 50 ]
	export_to swarm "$full" --host-ports -o "$D/stack"
	cp "$D/stack/stack.yaml" "$D/out"
	[ "$(get 'd[0]["services"]["web"]["deploy"]["endpoint_mode"], d[0]["services"]["web"]["ports"][0]["mode"]')" = '["dnsrr", "host"]' ]
}

@test "export: swarm: a config or secret that is another has another name, and the same has the same" {
	with_yaml
	printf 'one' >"$D/key"
	touch -d '2026-01-01 08:00:00.5' "$D/key"
	printf 'name: p\nservices: {web: {image: w, configs: [page, long], secrets: [key, word]}}\nconfigs: {page: {content: a}, %s: {content: a}}\nsecrets: {key: {file: %s}, word: {environment: WORD}}\n' \
		"long" "$D/key" | sed "s/\blong\b/long$(printf '%060d' 0)/g" >"$D/c.yaml"
	names() { # of page, key
		WORD=w export_to swarm "$D/c.yaml" -o "$D/stack"
		cp "$D/stack/stack.yaml" "$D/out"
		get 'd[0]["configs"]["page"]["name"] + " " + d[0]["secrets"]["key"]["name"]' | tr -d '"'
	}
	first=$(names)
	[[ $first =~ ^p_page-e40c292c\ p_key-[0-9a-f]{8}$ ]]
	[ "$(names)" = "$first" ]
	[ "$(get 'max(len(c["name"]) for c in d[0]["configs"].values())')" = 64 ]
	"$SCALE" config -q -f "$D/stack/stack.yaml"
	# a secret's name tells nothing of its content
	printf 'two' >"$D/key"
	touch -d '2026-01-01 08:00:00.5' "$D/key"
	[ "$(names)" = "$first" ]
	touch -d '2026-01-01 08:00:00.6' "$D/key"
	second=$(names)
	[ "${second% *}" = "${first% *}" ]
	[ "${second#* }" != "${first#* }" ]
	sed -i 's/content: a}/content: b}/' "$D/c.yaml"
	[ "$(names)" != "$second" ]
	# without a file there is no time
	[ "$(get '"name" in d[0]["secrets"]["word"]')" = false ]
	[ "$(grep -c 'Docker changes no secret' "$D/err")" = 1 ]
	grep -qF 'warning: secrets: word: Docker changes no secret: before the next deploy of another content give it another key' "$D/err"
}

@test "export: a file for its owner alone when a secret is in it" {
	for engine in kubernetes nomad; do
		export_to $engine "$full" -o "$D/$engine.out"
		[ "$(stat -c %a "$D/$engine.out")" = 600 ]
		[ ! -s "$D/out" ]
	done
	# behind a link too
	echo old >"$D/target" && chmod 644 "$D/target" && ln -s target "$D/link"
	export_to nomad "$full" -o "$D/link"
	[ -L "$D/link" ] && [ "$(stat -c %a "$D/target")" = 600 ]
	cmp "$D/target" "$D/nomad.out"
	# into a pipe as ever
	"$SCALE" export --to nomad -f "$full" -o /dev/stdout 2>/dev/null | cmp - "$D/nomad.out"
	mkdir "$D/folder"
	export_to nomad "$full" -o "$D/folder"
	[ "$(cd "$D/folder" && echo *)" = 'README.md job.json' ]
}

@test "export: a secret is not written into a file of somebody else" {
	[ "$(id -u)" = 0 ] || skip 'only root can open it'
	echo old >"$D/target" && chown 1 "$D/target" && ln -s target "$D/link"
	run "$SCALE" export --to nomad -f "$full" -o "$D/link"
	[ "$status" = 8 ]
	[ "${lines[-1]}" = "carte-scale: write $D/link: it is another user's file, and what goes there is for its owner alone" ]
	[ "$(cat "$D/target")" = old ]
}

refused() { # STATUS MESSAGE ARGUMENT...
	local want=$1 message=$2
	shift 2
	run "$SCALE" "$@"
	[ "$status" = "$want" ] || { echo "status $status: $output"; return 1; }
	[ "$output" = "carte-scale: $message" ] || { echo "$output"; return 1; }
}

@test "export, drive: bad input" {
	cd "$D"
	printf 'services: {web: {image: web}}\n' >ok.yaml
	refused 2 '--to is missing: swarm, kubernetes or nomad' export -f ok.yaml
	refused 2 '--to k8s: expected swarm, kubernetes or nomad' export --to k8s -f ok.yaml
	refused 2 '--to swarm writes several files: name their folder with -o' export --to swarm -f ok.yaml
	refused 2 '--host-ports is of --to swarm' export --to nomad --host-ports -f ok.yaml
	refused 1 'make the folder none/here: No such file or directory' export --to swarm -f ok.yaml -o none/here
	printf 'services: {a_b: {image: web}, a-b: {image: web}}\n' >names.yaml
	refused 3 "services a_b and a-b: both are a-b in Kubernetes, where names are of small letters, digits and '-'; rename one" export --to kubernetes -f names.yaml
	# the load balancer of one has the name of another, or of another's
	printf 'services: {web-public: {image: web}, web: {image: web, ports: ["80:80"]}}\n' >names.yaml
	refused 3 'services web and web-public: both need the name web-public in Kubernetes, web for the ports that it publishes; rename one' export --to kubernetes -f names.yaml
	long=$(printf '%056d' 0 | tr 0 a)
	printf 'services: {%s-b: {image: web, ports: ["80:80"]}, %s-c: {image: web, ports: ["81:80"]}}\n' "$long" "$long" >names.yaml
	refused 3 "services $long-b and $long-c: both need the name $long-public in Kubernetes, $long-b for the ports that it publishes; rename one" export --to kubernetes -f names.yaml
	# what is open on the node itself only has no load balancer
	printf 'services: {web-public: {image: web}, web: {image: web, ports: ["127.0.0.1:80:80"]}}\n' >names.yaml
	export_to kubernetes names.yaml
	printf 'services: {a: {image: web}}\nsecrets: {a_b: {file: ./one}, a.b: {file: ./two}}\n' >names.yaml
	printf 1 >one && printf 2 >two
	refused 3 "secrets a_b and a.b: both are a-b in Kubernetes, where names are of small letters, digits and '-'; rename one" export --to kubernetes -f names.yaml
	refused 3 "secrets a_b and a.b: both are a-b in Nomad's files, where names are of small letters, digits and '-'; rename one" export --to nomad -f names.yaml
	refused 3 "secrets a_b and a.b: both are a-b in the folder, where names are of small letters, digits and '-'; rename one" export --to swarm -f names.yaml -o stack
	printf 'services: {a: {image: web}}\nvolumes: {a_b: {}, A-b: {}}\n' >names.yaml
	refused 3 "volumes a_b and A-b: both are a-b in Kubernetes, where names are of small letters, digits and '-'; rename one" export --to kubernetes -f names.yaml
	printf 'services: {a: {image: web, configs: [c]}}\nconfigs: {c: {file: ./none}}\n' >config.yaml
	for engine in kubernetes nomad; do
		refused 1 "configs.c: read $(pwd -P)/none: No such file or directory" export --to $engine -f config.yaml
	done
	printf 'services: {web: {image: web, imagee: x}}\n' >bad.yaml
	run "$SCALE" export --to nomad -f bad.yaml
	[ "$status" = 3 ]
	[[ $output == 'carte-scale: bad.yaml:1:30: services.web.imagee: '* ]]
	refused 2 'drive mesos: expected swarm; the others scale by themselves' drive mesos -f ok.yaml
	refused 2 '--interval 5ms: expected a time such as 10s, at least 1s' drive swarm --interval 5ms -f ok.yaml
	refused 3 'no service has a policy in x-carte.scale: there is nothing to drive' drive swarm --once -f ok.yaml
	refused 4 'no program no-such-docker in $PATH: a swarm is driven by it' drive swarm --once --docker no-such-docker -f "$top/examples/services/compose.yaml"
}

# A docker that plays a swarm: what it was told to do is in $D/scaled.
fake_docker() {
	cat >"$D/docker" <<-SCRIPT
		#!/bin/sh
		case "\$*" in
		"service ps "*) echo t1; echo t2 ;;
		"inspect --type task t1 t2") cat "$D/tasks" ;;
		"service inspect "*) echo 2 ;;
		"ps "*) echo aaaa; echo bbbb ;;
		"stats --no-stream --format {{json .}} "*) printf '{"ID":"%s","CPUPerc":"%s","MemPerc":"1.00%%"}\n' aaaa $1 bbbb $2 ;;
		"service scale --detach "*) echo "\$4" >>"$D/scaled" ;;
		*) echo "docker: unexpected: \$*" >&2; exit 1 ;;
		esac
	SCRIPT
	chmod 755 "$D/docker"
}
task() { # ID CONTAINER STATE [ERROR]
	printf '{"ID":"%s","NodeID":"n","Status":{"State":"%s","Err":"%s","ContainerStatus":{"ContainerID":"%s"}}}' "$1" "$3" "${4:-}" "$2"
}

@test "drive: docker stats against the policy, by the limit of cpus" {
	printf 'name: p\nservices: {web: {image: w, cpus: 0.5, x-carte: {scale: {min: 1, max: 9, metric: cpu, target: 50}}}}\n' >"$D/c.yaml"
	printf '[%s,%s]' "$(task t1 aaaa running)" "$(task t2 bbbb running)" >"$D/tasks"
	# half of half a core is the target: 50 % of a core is twice as much
	fake_docker 50.00% 50.00%
	run "$SCALE" drive swarm --once -f "$D/c.yaml" --docker "$D/docker"
	[ "$status" = 0 ]
	[[ $output == 'p_web: from 2 to 4: cpu is 100% on average of 2, target 50%: 2.00 times that needs 4'* ]]
	[ "$(cat "$D/scaled")" = p_web=4 ]
	# on target
	rm "$D/scaled"
	fake_docker 25.00% 25.00%
	run "$SCALE" drive swarm --once -f "$D/c.yaml" --docker "$D/docker" --stack q
	[[ $output == 'q_web: stays at 2: cpu is 50% on average'* ]]
	[ ! -e "$D/scaled" ]
	# no node has room: no more are asked for than have one
	printf '[%s,%s]' "$(task t1 aaaa running)" "$(task t2 bbbb pending 'no suitable node (insufficient memory)')" >"$D/tasks"
	fake_docker 90.00% 90.00%
	run "$SCALE" drive swarm --once -f "$D/c.yaml" --docker "$D/docker"
	[ "$status" = 0 ]
	[[ $output == 'p_web: stays at 2: '*'the host can carry 1' ]]
	[ ! -e "$D/scaled" ]
	# what docker says is passed on
	printf '#!/bin/sh\necho "Error response from daemon: This node is not a swarm manager." >&2\nexit 1\n' >"$D/docker"
	refused 1 'p_web: docker service ps: Error response from daemon: This node is not a swarm manager.' drive swarm --once -f "$D/c.yaml" --docker "$D/docker"
}

@test "drive: a node is asked for its address once in a round" {
	command -v python3 >/dev/null || skip 'no python3'
	mkdir "$D/www"
	echo 'sessions 10' >"$D/www/metrics"
	python3 -u -m http.server -d "$D/www" 0 >"$D/served" 2>&1 3>&- &
	server=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/.*port \([0-9]*\) .*/\1/p' "$D/served")
		[ -z "$port" ] || break
		sleep 0.1
	done
	# a third node is gone
	for i in 1 2 3 4 5 6; do
		printf '%s{"ID":"t%d","NodeID":"n%d","Status":{"State":"running","ContainerStatus":{"ContainerID":"c%d"},"PortStatus":{"Ports":[{"Protocol":"tcp","TargetPort":80,"PublishedPort":%d}]}}}' \
			"$([ $i = 1 ] || echo ,)" $i $((i % 3)) $i "$port"
	done | sed 's/.*/[&]/' >"$D/tasks"
	cat >"$D/docker" <<-SCRIPT
		#!/bin/sh
		case "\$*" in
		"service ps "*) echo t1 ;;
		"inspect --type task "*) cat "$D/tasks" ;;
		"service inspect "*) echo 6 ;;
		"node inspect --format {{.Status.Addr}} "*)
			echo "\$5" >>"$D/asked"
			[ "\$5" != n2 ] || exit 1
			echo 127.0.0.\${5#n} | sed 's/0\$/3/'
			;;
		*) echo "docker: unexpected: \$*" >&2; exit 1 ;;
		esac
	SCRIPT
	chmod 755 "$D/docker"
	scale='{image: w, x-carte: {scale: {min: 1, max: 9, metrics: [{metric: http, name: sessions, port: 80, target: 10}]}}}'
	printf 'name: p\nservices: {a: %s, b: %s}\n' "$scale" "$scale" >"$D/c.yaml"
	run "$SCALE" drive swarm --once -f "$D/c.yaml" --docker "$D/docker"
	kill $server
	echo "$output"
	[ "$status" = 0 ]
	[[ ${lines[0]} == 'p_a: stays at 6: sessions is 10 on average, target 10'* ]]
	[[ ${lines[1]} == 'p_b: stays at 6: sessions is 10 on average, target 10'* ]]
	# of two services two replicas on each of the two nodes
	[ "$(grep -c 'GET /metrics' "$D/served")" = 8 ]
	[ "$(sort "$D/asked" | xargs)" = 'n0 n1 n2' ]
}

@test "advise: minutes over the pool, of what was and of the next day" {
	# a week and a day: two hours of each day ask for 5 replicas, the rest for 1
	awk 'BEGIN { for (d = 0; d < 8; d++) for (m = 0; m < 1440; m++) print (m >= 600 && m < 720) ? 50 : 5 }' >"$D/load"
	printf 'services: {web: {image: w, x-carte: {scale: {min: 1, max: 9, metric: cpu, target: 50}}}}\n' >"$D/c.yaml"
	run "$SCALE" advise -f "$D/c.yaml" --service web --load "$D/load" --capacity 10 --carried 4
	[ "$status" = 0 ]
	[ "${lines[0]}" = 'web: the host carries 4 replicas, a replica a load of 10' ]
	[ "${lines[1]}" = 'observed: 120.0 minutes a day over it in 8.0 days; at worst 120, on day 1, whose peak asked for 5 replicas' ]
	[[ ${lines[2]} =~ ^forecast:\ ([0-9]+)\ minutes\ of\ the\ next\ day\ over\ it,\ 5\ replicas ]]
	# the profile's steps are of 15 minutes
	[ "${BASH_REMATCH[1]}" -ge 90 ]
	[ "${BASH_REMATCH[1]}" -le 165 ]
	[ "${lines[3]}" = "advice: one host is too small for more than 30 minutes a day: hand over to several, 'carte-scale export --to swarm', kubernetes or nomad" ]
	run "$SCALE" advise -f "$D/c.yaml" --service web --load "$D/load" --capacity 10 --carried 5
	[ "${lines[3]}" = 'advice: stay: one host is too small for 0 minutes a day, and 30 are borne' ]
	# none is a number too
	run "$SCALE" advise -f "$D/c.yaml" --service web --load "$D/load" --capacity 10 --carried 4 --minutes 0
	[[ ${lines[3]} == 'advice: one host is too small for more than 0 minutes a day: '* ]]
	run "$SCALE" advise -f "$D/c.yaml" --service web --load "$D/load" --capacity 10 --carried 0
	[ "${lines[0]}" = 'web: the host carries 0 replicas, a replica a load of 10' ]
	head -n 100 "$D/load" >"$D/short"
	run "$SCALE" advise -f "$D/c.yaml" --service web --load "$D/short" --capacity 10
	[[ ${lines[0]} == 'web: the host carries '*': it reserves nothing, so that the pool sets no bound; reserve cpus or memory, or give --carried, a replica a load of 10' ]]
	[ "${lines[2]}" = 'forecast: none, it needs a week of load' ]
	cd "$D"
	refused 2 '--service is missing' advise -f c.yaml
	refused 2 '--capacity is missing' advise -f c.yaml --service web --load load
	refused 2 '--capacity 0: expected a number greater than 0' advise -f c.yaml --service web --load load --capacity 0
	refused 2 '--minutes 1441: expected 0 to 1440' advise -f c.yaml --service web --load load --capacity 1 --minutes 1441
	refused 2 '--start 10080: a week has 10080 minutes' advise -f c.yaml --service web --load load --capacity 1 --start 10080
	refused 4 'there is no service db' advise -f c.yaml --service db --load load --capacity 1
}
