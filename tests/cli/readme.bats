#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# README's table of features: every cell about carte-runtime names tests, and those exist.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}

rows() { sed -n '/^<!-- features -->/,/^<!-- \/features -->/p' "$top/README.md" | grep '^| ' | sed 1d; }

# named - "FILE<tab>TEST" of each test that the table names
named() { rows | grep -oE '`[a-z_0-9]+\.(bats|c)` "[^"]*"' | sed -E 's/^`([^`]*)` "(.*)"$/\1\t\2/'; }

@test "features: the table is there" {
	[ "$(rows | wc -l)" -ge 20 ]
}

@test "features: every row is whole, and has a test or says no" {
	bad=0
	while IFS= read -r row; do
		if [ "$(tr -cd '|' <<<"$row" | wc -c)" != 7 ]; then
			echo "not six cells: $row"
			bad=1
		fi
		IFS='|' read -r _ what ours shown _ <<<"$row"
		if [[ $ours != ' no '* && ! $shown =~ \`[a-z_0-9]+\.(bats|c)\`\ \".+\" ]]; then
			echo "no test is named:$what"
			bad=1
		fi
	done < <(rows)
	[ "$bad" = 0 ]
}

@test "features: every test that is named exists" {
	bad=0
	while IFS=$'\t' read -r file name; do
		case $file in
		*.bats) grep -qxF "@test \"$name\" {" "$top/tests/cli/$file" 2>/dev/null && continue ;;
		*.c) grep -qE "cmocka_unit_test[a-z_]*\($name[,)]" "$top/tests/unit/$file" 2>/dev/null && continue ;;
		esac
		echo "there is no test \"$name\" in $file"
		bad=1
	done < <(named)
	[ "$bad" = 0 ]
}
