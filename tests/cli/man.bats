#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The manual page and --help name the same commands and options, with the same letters and arguments.

pages=${top_srcdir:-$BATS_TEST_DIRNAME/../..}/man
page=$pages/carte-runtime.8.md
: "${RUNTIME:=carte-runtime}"
program=$RUNTIME

# converter - the other program and its page; where it is not built there is nothing to compare
converter() {
	. "$BATS_TEST_DIRNAME/../lib/converter.sh"
	converter_find || skip 'cartefile-to-oci is not built'
	program=$CONVERTER
	page=$pages/cartefile-to-oci.1.md
}

# Both print "-x --name ARG" per option, sorted; "-" where there is no letter or no argument.
help_options() { # [VERB]
	"$program" "$@" --help | awk '
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
	"$program" --help | awk '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print $1 }' | sort
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

@test "man: the commands of cartefile-to-oci are those of --help" {
	converter
	[ -n "$(help_verbs)" ]
	diff -u <(help_verbs) <(sed -n '/^# COMMANDS/,/^# /s/^## //p' "$page" | sort)
}

@test "man: the options of each command of cartefile-to-oci are those of its --help" {
	converter
	bad=0
	for verb in $(help_verbs); do
		[ -n "$(help_options "$verb")" ] || bad=1
		same "$verb" "## $verb" || bad=1
	done
	[ "$bad" = 0 ]
}

@test "man: cartefile-to-oci explains each letter of --version and --help" {
	converter
	same_letters=$(page_options '# GLOBAL OPTIONS' | tr '\n' ' ')
	[ "$same_letters" = '-h --help - -v --version - ' ]
	"$program" -v | grep -q '^cartefile-to-oci version '
	"$program" -h | grep -q '^Commands:'
}

# the command for people and its supervisor: PROGRAM PAGE
services() {
	. "$BATS_TEST_DIRNAME/../lib/carte.sh"
	carte_find || skip 'carte is not built'
	program=$(dirname "$CARTE")/$1
	page=$pages/$2
}

# $passed_on are verbs of another program, whose page has their options
each_verb() {
	local bad=0 verb own=$page
	[ -n "$(help_verbs)" ]
	diff -u <(help_verbs) <(sed -n '/^# COMMANDS/,/^# /s/^## //p' "$page" | sort)
	for verb in $(help_verbs); do
		page=$own
		[[ " ${passed_on-} " != *" $verb "* ]] || page=$pages/carte-scale.8.md
		same "$verb" "## $verb" || bad=1
	done
	page=$own
	[ "$bad" = 0 ]
}

@test "man: carte(1) has the commands and options of --help" {
	services carte carte.1.md
	passed_on='advise backtest export simulate'
	for verb in $passed_on; do
		[ "$(help_options "$verb" | wc -l)" -gt 1 ]
	done
	each_verb
	same '' '# GLOBAL OPTIONS'
}

@test "man: carte-scale(8) has the commands and options of --help" {
	services carte-scale carte-scale.8.md
	each_verb
}

@test "man: go-md2man makes roff that groff takes without a warning" {
	command -v go-md2man >/dev/null || skip 'go-md2man is not installed'
	command -v groff >/dev/null || skip 'groff is not installed'
	for page in "$pages"/*.md; do
		go-md2man -in "$page" -out "$BATS_TEST_TMPDIR/page"
		run groff -t -man -rLL=120n -Tutf8 -wall -z "$BATS_TEST_TMPDIR/page"
		echo "$page: $output"
		[ "$status" = 0 ]
		[ -z "$output" ]
	done
}

@test "man: cartefile-dockerfile(7) has the instructions of Dockerfiles that messages know" {
	words=$pages/../cartefile-to-oci/cartefile_words.c
	known=$({ sed -n '/dockerfile\[\] = {/,/^};/s/^\t{ "\([A-Z]*\)".*/\1/p' "$words" && echo FROM; } | sort)
	[ "$(wc -l <<<"$known")" = 18 ]
	diff -u <(echo "$known") <(sed -n '/^# INSTRUCTIONS/,/^# OTHER/s/^## //p' "$pages/cartefile-dockerfile.7.md" | sort)
}
