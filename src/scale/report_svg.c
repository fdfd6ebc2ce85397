/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_svg.c - lost load against replica-hours, a panel for each trace and start delay: nearer to the lower left corner is better.
 *
 * The losses span some powers of ten, so that axis is logarithmic; nothing lost is drawn at its lower end.
 */
#include <math.h>

#include "base/mem.h"
#include "scale/report.h"
#include "scale/svg.h"

#define PANEL_WIDTH 420
#define PANEL_HEIGHT 320
#define LEFT 58
#define RIGHT 16
#define TOP 34
#define BOTTOM 44
#define LEGEND 44
#define COLUMNS 3
#define LOST_LEAST 1e-3 /* percent */

struct panel {
	FILE *out;
	double x, y; /* of its corner */
	double hours_low, hours_high;
	int low, high; /* powers of ten, of percent lost */
};

static const struct {
	enum report_kind kind;
	const char *colour, *words;
	double radius;
} marks[] = {
	{ REPORT_ORACLE, "#2e7d32", "oracle", 5 },
	{ REPORT_FORECAST, "#90a4ae", "forecast, always in charge", 2.5 },
	{ REPORT_TUNED, "#1565c0", "tuned rule", 5 },
	{ REPORT_PREDICT, "#c62828", "predict", 5 },
};

static double at_x(const struct panel *p, double hours)
{
	double share = (hours - p->hours_low) / (p->hours_high - p->hours_low);

	return p->x + LEFT + share * (PANEL_WIDTH - LEFT - RIGHT);
}

static double at_y(const struct panel *p, double lost)
{
	double power = log10(lost > LOST_LEAST ? lost : LOST_LEAST);
	double share = (power - p->low) / (p->high - p->low);

	return p->y + PANEL_HEIGHT - BOTTOM - share * (PANEL_HEIGHT - TOP - BOTTOM);
}

static void find_range(struct panel *p, const struct report_case *c)
{
	double lost = LOST_LEAST * 10;

	p->hours_low = 1;
	p->hours_high = 1.2;
	for (size_t i = 0; i < c->rows_len; i++) {
		const struct backtest_summary *sum = &c->rows[i].sum;

		/* the static maximum would press the others together: it is in the table only */
		if (c->rows[i].kind != REPORT_CONSTANT && sum->hours > p->hours_high)
			p->hours_high = sum->hours;
		if (sum->hours < p->hours_low)
			p->hours_low = sum->hours;
		if (sum->lost > lost)
			lost = sum->lost;
	}
	p->hours_low = floor(p->hours_low * 10) / 10;
	p->hours_high = ceil(p->hours_high * 10) / 10;
	p->low = (int)floor(log10(LOST_LEAST));
	p->high = (int)ceil(log10(lost));
}

static void draw_axes(const struct panel *p, const struct report_case *c)
{
	double bottom = p->y + PANEL_HEIGHT - BOTTOM, right = p->x + PANEL_WIDTH - RIGHT;
	double step = p->hours_high - p->hours_low > 1.2 ? 0.5 : 0.1;

	fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"title\">", p->x + LEFT, p->y + 20);
	svg_text(p->out, c->trace->name);
	fprintf(p->out, ", start delay %g s</text>\n", c->setup.start_delay_s);
	for (int power = p->low; power <= p->high; power++) {
		double y = at_y(p, pow(10, power));

		fprintf(p->out,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>"
			"<text x=\"%.1f\" y=\"%.1f\" class=\"right\">%s%g%%</text>\n",
			p->x + LEFT, y, right, y, p->x + LEFT - 6, y + 4,
			power == p->low ? "&lt; " : "", pow(10, power));
	}
	for (int tick = (int)ceil(p->hours_low / step - 1e-9); tick * step <= p->hours_high + 1e-9;
	     tick++) {
		double hours = tick * step;

		fprintf(p->out,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>"
			"<text x=\"%.1f\" y=\"%.1f\" class=\"middle\">%.1f</text>\n",
			at_x(p, hours), p->y + TOP, at_x(p, hours), bottom, at_x(p, hours),
			bottom + 16, hours);
	}
	fprintf(p->out,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"middle\">replica-hours over the "
		"oracle's</text>\n",
		(p->x + LEFT + right) / 2, bottom + 34);
}

static void draw_rules(const struct panel *p, const struct report_case *c)
{
	const char *before = "<polyline class=\"rule\" points=\"";

	for (size_t i = 0; i < REPORT_RULES; i++) {
		double hours = c->rules[i].hours;

		/* targets that lose far more, or cost far more, than what is compared */
		if (hours < p->hours_low || hours > p->hours_high ||
		    c->rules[i].lost > pow(10, p->high))
			continue;
		fprintf(p->out, "%s%.1f,%.1f", before, at_x(p, c->rules[i].hours),
			at_y(p, c->rules[i].lost));
		before = " ";
	}
	/* none of them is in the panel: then there is no line */
	fprintf(p->out, "%s\"/>\n", *before == ' ' ? "" : before);
}

static void draw_rows(const struct panel *p, const struct report_case *c)
{
	char name[64];

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		for (size_t j = 0; j < c->rows_len; j++) {
			const struct report_row *row = &c->rows[j];

			if (row->kind != marks[i].kind || row->sum.hours > p->hours_high)
				continue;
			fprintf(p->out,
				"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\"><title>%s: "
				"%.4g%% lost, %.4g</title></circle>\n",
				at_x(p, row->sum.hours), at_y(p, row->sum.lost), marks[i].radius,
				marks[i].colour, report_name(row, name, sizeof(name)),
				row->sum.lost, row->sum.hours);
		}
}

static void draw_legend(FILE *out)
{
	int x = LEFT;

	fprintf(out,
		"<line x1=\"%d\" y1=\"20\" x2=\"%d\" y2=\"20\" class=\"rule\"/>"
		"<text x=\"%d\" y=\"24\">rule, targets 0.10 to 0.95</text>\n",
		x, x + 24, x + 30);
	x += 220;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		fprintf(out,
			"<circle cx=\"%d\" cy=\"20\" r=\"%g\" fill=\"%s\"/><text x=\"%d\" "
			"y=\"24\">%s</text>\n",
			x, marks[i].radius, marks[i].colour, x + 10, marks[i].words);
		x += marks[i].kind == REPORT_FORECAST ? 200 : 110;
	}
	fprintf(out,
		"<text x=\"%d\" y=\"40\">lost load, percent (lower and further left is "
		"better)</text>\n",
		LEFT);
}

void report_svg(const struct report *report, FILE *out)
{
	size_t columns = COLUMNS, rows = (report->len + COLUMNS - 1) / COLUMNS;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" width=\"%zu\" "
		"height=\"%zu\">\n"
		"<style>text{font:12px "
		"sans-serif;fill:#222}.title{font-weight:bold}.right{text-anchor:end}"
		".middle{text-anchor:middle}.grid{stroke:#ddd}.rule{fill:none;stroke:#1565c0;"
		"stroke-width:1.5}"
		"</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		columns * PANEL_WIDTH, rows * PANEL_HEIGHT + LEGEND, columns * PANEL_WIDTH,
		rows * PANEL_HEIGHT + LEGEND);
	draw_legend(out);
	for (size_t i = 0; i < report->len; i++) {
		size_t row = i / columns;
		struct panel panel = { .out = out,
				       .x = (double)(i % columns) * PANEL_WIDTH,
				       .y = LEGEND + (double)row * PANEL_HEIGHT };

		find_range(&panel, &report->cases[i]);
		draw_axes(&panel, &report->cases[i]);
		draw_rules(&panel, &report->cases[i]);
		draw_rows(&panel, &report->cases[i]);
	}
	fprintf(out, "</svg>\n");
}
