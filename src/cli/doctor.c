/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c - the report.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/doctor.h"
#include "cli/json.h"
#include "cli/term.h"

void doctor_add(struct findings *findings, enum verdict verdict, const char *what, const char *mend,
		const char *words, ...)
{
	struct finding *finding = &findings->items[findings->len];
	char *text;
	va_list ap;

	if (findings->len == ARRAY_LEN(findings->items))
		return;
	va_start(ap, words);
	text = oci_arena_vprintf(&findings->arena, words, ap);
	va_end(ap);
	*finding = (struct finding){ what, verdict, text ? text : "", mend };
	findings->len++;
}

static const char *const verdicts[] = { "ok", "warn", "bad" };

static void print_text(const struct findings *findings)
{
	static const char *const codes[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colours = term_colours(stdout);

	for (size_t i = 0; i < findings->len; i++) {
		const struct finding *finding = &findings->items[i];

		printf("%s%-4s%s  %-22s %s\n", colours ? codes[finding->verdict] : "",
		       verdicts[finding->verdict], colours ? "\033[0m" : "", finding->what,
		       finding->words);
		if (finding->mend && finding->verdict != DOCTOR_OK)
			printf("%30s%s\n", "-> ", finding->mend);
	}
}

static int print_json(const struct findings *findings, struct oci_error *err)
{
	CLEANUP_GEN yajl_gen gen = json_new();
	const char *text = NULL;
	size_t length = 0;
	int r;

	if (!gen)
		return err_nomem(err);
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	json_open_array(gen, NULL);
	for (size_t i = 0; i < findings->len; i++) {
		const struct finding *finding = &findings->items[i];

		json_open_map(gen, NULL);
		json_put_text(gen, "check", finding->what);
		json_put_text(gen, "verdict", verdicts[finding->verdict]);
		json_put_text(gen, "words", finding->words);
		json_put_text(gen, "mend", finding->verdict == DOCTOR_OK ? NULL : finding->mend);
		json_close_map(gen);
	}
	json_close_array(gen);
	r = json_finish(gen, &text, &length, err);
	if (r == 0)
		(void)fwrite(text, 1, length, stdout);
	return r;
}

int doctor_report(bool json, struct oci_error *err)
{
	struct findings findings = { .len = 0 };
	int r = 0, status = 0;

	doctor_kernel(&findings);
	doctor_network(&findings);
	doctor_programs(&findings);
	doctor_engines(&findings);
	if (json)
		r = print_json(&findings, err);
	else
		print_text(&findings);
	for (size_t i = 0; i < findings.len; i++)
		status |= findings.items[i].verdict == DOCTOR_BAD;
	oci_arena_free(&findings.arena);
	return r < 0 ? r : status;
}
