/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate_svg.c - the time line of a simulation: load and violations, replicas, requests in line; one panel each over the same time.
 *
 * A long run has more rows than there are pixels: neighbours are drawn as one, by their largest value, so that no peak is lost.
 */
#include <math.h>

#include "scale/simulate.h"
#include "scale/svg.h"

#define WIDTH 900
#define PANEL 170
#define LEFT 64
#define RIGHT 20
#define TOP 54
#define GAP 34
#define POINTS 800

struct panel {
	FILE *out;
	const struct simulate_outcome *o;
	double top, largest;
};

struct line {
	double (*value)(const struct sim_row *row);
	const char *class, *words;
};

static double arrived(const struct sim_row *row)
{
	return (double)row->arrived;
}

static double violated(const struct sim_row *row)
{
	return (double)row->violated;
}

static double wanted(const struct sim_row *row)
{
	return row->wanted;
}

static double ready(const struct sim_row *row)
{
	return row->ready;
}

static double queue(const struct sim_row *row)
{
	return (double)row->queue_max;
}

static const struct {
	const char *title;
	struct line lines[2];
} panels[] = {
	{ "requests a minute",
	  { { arrived, "blue", "arrived" }, { violated, "red", "violated" } } },
	{ "replicas", { { wanted, "grey", "wanted" }, { ready, "blue", "ready" } } },
	{ "requests in line, at most", { { queue, "blue", "in line" } } },
};

#define PANELS (sizeof(panels) / sizeof(panels[0]))

static double at_x(const struct panel *p, double seconds)
{
	return LEFT + seconds / p->o->plan->horizon * (WIDTH - LEFT - RIGHT);
}

static double at_y(const struct panel *p, double value)
{
	return p->top + PANEL - value / p->largest * PANEL;
}

/* 1, 2 or 5 times a power of ten, at least @value */
static double round_up(double value)
{
	double power = pow(10, floor(log10(value > 1 ? value : 1)));

	for (int i = 0; i < 3; i++) {
		double step = power * (i == 0 ? 1 : i == 1 ? 2 : 5);

		if (step >= value)
			return step;
	}
	return 10 * power;
}

static void find_largest(struct panel *p, const struct line lines[2])
{
	double largest = 1;

	for (int k = 0; k < 2 && lines[k].value; k++)
		for (size_t i = 0; i < p->o->first.rows_len; i++)
			largest = fmax(largest, lines[k].value(&p->o->first.rows[i]));
	p->largest = round_up(largest);
}

static void draw_axes(const struct panel *p, const char *title)
{
	double horizon = p->o->plan->horizon, step = 3600;

	while (horizon / step > 12)
		step *= 2;
	while (horizon / step < 3)
		step /= 2;
	fprintf(p->out, "<text x=\"%d\" y=\"%.1f\" class=\"title\">%s</text>\n", LEFT, p->top - 8,
		title);
	for (int i = 0; i <= 2; i++) {
		double y = at_y(p, p->largest * i / 2);

		fprintf(p->out,
			"<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
			"<text x=\"%d\" y=\"%.1f\" class=\"right\">%g</text>\n",
			LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, p->largest * i / 2);
	}
	for (unsigned i = 0; i * step <= horizon; i++) {
		double t = i * step;

		fprintf(p->out,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>"
			"<text x=\"%.1f\" y=\"%.1f\" class=\"middle\">%.3g h</text>\n",
			at_x(p, t), p->top, at_x(p, t), p->top + PANEL, at_x(p, t),
			p->top + PANEL + 15, t / 3600);
	}
}

static void draw_line(const struct panel *p, const struct line *line)
{
	size_t len = p->o->first.rows_len, each = (len + POINTS - 1) / POINTS;

	fprintf(p->out, "<polyline class=\"%s\" points=\"", line->class);
	for (size_t i = 0; i < len; i += each) {
		double value = 0;

		for (size_t k = i; k < len && k < i + each; k++)
			value = fmax(value, line->value(&p->o->first.rows[k]));
		fprintf(p->out, "%s%.1f,%.1f", i ? " " : "", at_x(p, p->o->first.rows[i].begin),
			at_y(p, value));
	}
	fprintf(p->out, "\"><title>%s</title></polyline>\n", line->words);
}

static void draw_legend(const struct panel *p, const struct line lines[2])
{
	for (int k = 0; k < 2 && lines[k].value; k++) {
		double x = WIDTH - RIGHT - 190 + 100.0 * k;

		fprintf(p->out,
			"<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>"
			"<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
			x, p->top - 12, x + 20, p->top - 12, lines[k].class, x + 25, p->top - 8,
			lines[k].words);
	}
}

void simulate_svg(const struct simulate_outcome *o, FILE *out)
{
	unsigned height = TOP + PANELS * (PANEL + GAP) + 10;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
		"height=\"%u\">\n"
		"<style>text{font:12px "
		"sans-serif;fill:#222}.title{font-weight:bold}.right{text-anchor:end}"
		".middle{text-anchor:middle}.grid{stroke:#ddd}.blue,.red,.grey{fill:none;"
		"stroke-width:1.5}.blue{stroke:#1565c0}.red{stroke:#c62828}.grey{stroke:#b0bec5;"
		"stroke-width:5}"
		"</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"18\">",
		WIDTH, height, WIDTH, height, LEFT);
	svg_text(out, o->plan->service->name);
	fprintf(out, " under ");
	svg_text(out, o->plan->trace->name);
	fprintf(out, "</text>\n");
	for (size_t i = 0; i < PANELS; i++) {
		struct panel panel = { .out = out, .o = o, .top = TOP + (double)i * (PANEL + GAP) };

		find_largest(&panel, panels[i].lines);
		draw_axes(&panel, panels[i].title);
		for (int k = 0; k < 2 && panels[i].lines[k].value; k++)
			draw_line(&panel, &panels[i].lines[k]);
		draw_legend(&panel, panels[i].lines);
	}
	fprintf(out, "</svg>\n");
}
