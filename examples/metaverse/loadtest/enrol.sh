# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# enrol.sh - accounts, assets and the map of a class, as a teacher makes them: by HTTP. The servers are at 127.0.0.1:8001 to 8003.

enrol_post() { # NAME
	curl -sf -m 20 --retry 5 --retry-all-errors -o /dev/null -X POST -H 'Content-Type: application/json' \
		-d "{\"name\":\"$1\",\"password\":\"a-long-password\"}" http://127.0.0.1:8001/accounts
}
export -f enrol_post

# enrol_accounts FIRST LAST - studentFIRST to studentLAST
enrol_accounts() {
	seq "$1" "$2" | xargs -P 4 -I{} bash -c 'enrol_post student{}'
}

# enrol_world ASSETS MB DIR - that many files of up to MB, by the teacher, and an empty map called class
enrol_world() {
	local token i
	enrol_post teacher || return 1
	token=$(curl -sf -m 60 -d '{"name":"teacher","password":"a-long-password"}' http://127.0.0.1:8001/login | jq -r .token)
	mkdir -p "$3"
	for i in $(seq "$1"); do
		head -c $(($2 * 1000000 * i / $1)) /dev/urandom >"$3/model$i"
		curl -sf -m 60 -o /dev/null -H "Authorization: Bearer $token" --data-binary "@$3/model$i" \
			"http://127.0.0.1:8002/assets?name=model$i&category=model" || return 1
	done
	curl -sf -m 60 -o /dev/null -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"size":64}' \
		http://127.0.0.1:8003/maps/class
}
