#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The manual page and --help name the same commands and options, with the same letters and arguments.

page=${top_srcdir:-$BATS_TEST_DIRNAME/../..}/man/carte-runtime.8.md
: "${RUNTIME:=carte-runtime}"

# Both print "-x --name ARG" per option, sorted; "-" where there is no letter or no argument.
help_options() { # [VERB]
	"$RUNTIME" "$@" --help | awk '
	/^(Global )?[Oo]ptions:/ { on = 1; next }
	/^[^ ]/ { on = 0 }
	on && /^ +-/ {
		line = $0
		sub(/^ +/, "", line)
		sub(/  .*/, "", line)
		letter = "-"
		if (line ~ /^-[a-zA-Z], /) {
			letter = substr(line, 1, 2)
			line = substr(line, 5)
		}
		split(line, word, " ")
		print letter, word[1], word[2] == "" ? "-" : word[2]
	}' | sort
}

page_options() { # SECTION: "# GLOBAL OPTIONS" or "## create"
	awk -v section="$1" '
	/^#/ { on = $0 == section; next }
	on && /^\*\*\\-/ {
		line = $0
		gsub(/[*\\]/, "", line)
		letter = "-"
		if (line ~ /^-[a-zA-Z], /) {
			letter = substr(line, 1, 2)
			line = substr(line, 5)
		}
		split(line, word, " ")
		print letter, word[1], word[2] == "" ? "-" : word[2]
	}' "$page" | sort
}

same() { # VERB SECTION
	diff -u --label "--help of ${1:-the program}" <(help_options $1 | grep -v -- '--help') \
		--label "manual page" <(page_options "$2" | grep -v -- '--help')
}

help_verbs() {
	"$RUNTIME" --help | awk '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print $1 }' | sort
}

@test "man: the commands are those of --help" {
	diff -u <(help_verbs) <(sed -n '/^# COMMANDS/,/^# /s/^## //p' "$page" | sort)
}

@test "man: global options are those of --help" {
	[ -n "$(help_options)" ]
	same '' '# GLOBAL OPTIONS'
}

@test "man: the options of each command are those of its --help" {
	bad=0
	for verb in $(help_verbs); do
		same "$verb" "## $verb" || bad=1
	done
	[ "$bad" = 0 ]
}

@test "man: go-md2man makes roff that groff takes without a warning" {
	command -v go-md2man >/dev/null || skip 'go-md2man is not installed'
	command -v groff >/dev/null || skip 'groff is not installed'
	for source in "${page%/*}"/*.md; do
		go-md2man -in "$source" -out "$BATS_TEST_TMPDIR/page"
		run groff -man -t -Tutf8 -wall -z "$BATS_TEST_TMPDIR/page"
		echo "$source: $output"
		[ "$status" = 0 ]
		[ -z "$output" ]
	done
}

@test "man: cartefile-dockerfile(7) has the instructions of Dockerfiles that messages know" {
	words=${page%/*}/../cartefile-to-oci/cartefile_words.c
	known=$({ sed -n '/dockerfile\[\] = {/,/^};/s/^\t{ "\([A-Z]*\)".*/\1/p' "$words" && echo FROM; } | sort)
	[ "$(wc -l <<<"$known")" = 18 ]
	diff -u <(echo "$known") <(sed -n '/^# INSTRUCTIONS/,/^# OTHER/s/^## //p' "${page%/*}/cartefile-dockerfile.7.md" | sort)
}
