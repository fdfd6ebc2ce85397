#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# report.sh DIR SETTING MEMORY - the report of a class as Markdown, from what `run` has left in DIR.
set -euo pipefail
cat <<MD
# A class

$2

![the class, second by second](class.svg)

## Limits

\`\`\`
$(sed -n '/^limit /,$p' "$1/result.txt")
\`\`\`

## What was measured

Latency counts from the time at which a step should have begun.

\`\`\`
$(sed '/^limit /,$d' "$1/result.txt")
\`\`\`

Memory (proportional set size) at the end of the class: $3.
MD
if compgen -G "$1/knee-*.txt" >/dev/null; then
	printf '\n## The knee\n'
	for file in $(printf '%s\n' "$1"/knee-*.txt | sort -V); do
		n=${file##*-}
		printf '\n%s students:\n\n```\n%s\n```\n' "${n%.txt}" "$(sed -n '/^limit /,$p' "$file")"
	done
fi
