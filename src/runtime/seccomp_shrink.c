/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_shrink.c - the same decisions in fewer instructions.
 *
 * The kernel checks, translates and tries out a filter each time it is
 * installed, so every container pays for its length. libseccomp compares
 * number by number; but for one architecture the outcome is a step function
 * of the number with few steps, because allowed numbers come in runs. So:
 * follow the given program for every architecture and every number at which it
 * can change its mind, write the steps as a binary search, and take over the
 * parts that look at arguments as they are.
 *
 * What must hold: the result decides exactly as the original. It is followed
 * in the same way and compared before it is used; whatever this file does not
 * understand is left as it was.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/seccomp-private.h"

#define ARCHS_MAX 8
#define REACH 255 /* instructions that a conditional jump can skip */

#define OP_LOAD (BPF_LD | BPF_W | BPF_ABS)
#define OP_RETURN (BPF_RET | BPF_K)
#define OP_JUMP (BPF_JMP | BPF_JA)
#define OP_EQ (BPF_JMP | BPF_JEQ | BPF_K)
#define OP_GT (BPF_JMP | BPF_JGT | BPF_K)
#define OP_GE (BPF_JMP | BPF_JGE | BPF_K)
#define OP_SET (BPF_JMP | BPF_JSET | BPF_K)
#define OP_AND (BPF_ALU | BPF_AND | BPF_K)

/* What a program does with one architecture and number. */
struct outcome {
	bool args;      /* it looks at the arguments, beginning at instruction @value */
	uint32_t value; /* else it returns this */
};

/* From @start up to the next step the outcome is the same. */
struct step {
	uint32_t start;
	struct outcome outcome;
};

struct archs {
	uint32_t values[ARCHS_MAX];
	size_t len;
};

/* ---- following a program ---------------------------------------------------------------------- */

static int note_arch(struct archs *archs, uint32_t value)
{
	for (size_t i = 0; i < archs->len; i++)
		if (archs->values[i] == value)
			return 0;
	if (archs->len == ARCHS_MAX)
		return -ENOTSUP;
	archs->values[archs->len++] = value;
	return 0;
}

/*
 * @seen: collects the architectures that the program compares with; may be NULL
 * -ENOTSUP: an instruction that is not followed
 */
static int follow(const struct seccomp_code *code, uint32_t arch, uint32_t nr, struct archs *seen,
		  struct outcome *ret)
{
	bool is_arch = false, loaded = false;
	uint32_t a = 0;

	for (size_t pc = 0; pc < code->len; pc++) {
		const struct sock_filter *i = &code->insns[pc];

		switch (i->code) {
		case OP_LOAD:
			if (i->k >= offsetof(struct seccomp_data, args)) {
				*ret = (struct outcome){ true, (uint32_t)pc };
				return 0;
			}
			is_arch = i->k == offsetof(struct seccomp_data, arch);
			if (!is_arch && i->k != offsetof(struct seccomp_data, nr))
				return -ENOTSUP;
			a = is_arch ? arch : nr;
			loaded = true;
			continue;
		case OP_RETURN:
			*ret = (struct outcome){ false, i->k };
			return 0;
		case OP_JUMP:
			pc += i->k;
			continue;
		case OP_EQ:
			if (is_arch && seen && note_arch(seen, i->k) < 0)
				return -ENOTSUP;
			pc += a == i->k ? i->jt : i->jf;
			break;
		case OP_GT:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case OP_GE:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		default:
			return -ENOTSUP;
		}
		/* "any other architecture" is one case only as long as all comparisons are for equality */
		if (!loaded || (is_arch && i->code != OP_EQ))
			return -ENOTSUP;
	}
	return -ENOTSUP;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_comparison(uint16_t op)
{
	return op == OP_EQ || op == OP_GT || op == OP_GE;
}

/* Every number at which the outcome may differ from that of the number below. @ret: for 2 * len + 1 */
static size_t find_edges(const struct seccomp_code *code, uint32_t *ret)
{
	size_t n = 0, unique = 0;

	ret[n++] = 0;
	for (size_t i = 0; i < code->len; i++) {
		if (!is_comparison(code->insns[i].code))
			continue;
		ret[n++] = code->insns[i].k;
		if (code->insns[i].k != UINT32_MAX)
			ret[n++] = code->insns[i].k + 1;
	}
	qsort(ret, n, sizeof(*ret), compare_u32);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || ret[i] != ret[unique - 1])
			ret[unique++] = ret[i];
	return unique;
}

/* An architecture that the program has never heard of. */
static uint32_t unknown_arch(const struct seccomp_code *code)
{
	for (uint32_t arch = 1;; arch++) {
		bool used = false;

		for (size_t i = 0; i < code->len && !used; i++)
			used = is_comparison(code->insns[i].code) && code->insns[i].k == arch;
		if (!used)
			return arch;
	}
}

static bool same_outcome(struct outcome a, struct outcome b)
{
	return a.args == b.args && a.value == b.value;
}

/* @ret: for @edges_len steps */
static int find_steps(const struct seccomp_code *code, uint32_t arch, const uint32_t *edges,
		      size_t edges_len, struct archs *seen, struct step *ret, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < edges_len; i++) {
		struct outcome outcome;
		int r = follow(code, arch, edges[i], seen, &outcome);

		if (r < 0)
			return r;
		if (n == 0 || !same_outcome(ret[n - 1].outcome, outcome))
			ret[n++] = (struct step){ edges[i], outcome };
	}
	*ret_len = n;
	return 0;
}

/* ---- writing, from the last instruction to the first, so that jumps know where they lead ------ */

struct builder {
	const struct seccomp_code *from;
	struct sock_filter *insns; /* reversed */
	size_t len;
	size_t max;
	size_t *moved; /* where an instruction of @from went; SIZE_MAX: not taken over */
};

/* Return: its place. Writing beyond the end is noticed by build. */
static size_t push(struct builder *b, uint16_t op, uint32_t k, size_t jt, size_t jf)
{
	if (b->len < b->max)
		b->insns[b->len] = (struct sock_filter){ op, (uint8_t)jt, (uint8_t)jf, k };
	return b->len++;
}

/* How many instructions lie between the next one to be written and @place. */
static size_t distance(const struct builder *b, size_t place)
{
	return b->len - place - 1;
}

/* A place that leads to @place and that a conditional jump reaches, even when @more instructions come before it. */
static size_t within_reach(struct builder *b, size_t place, size_t more)
{
	if (distance(b, place) + more <= REACH)
		return place;
	if (place < b->max && b->insns[place].code == OP_RETURN)
		return push(b, OP_RETURN, b->insns[place].k, 0, 0);
	return push(b, OP_JUMP, (uint32_t)distance(b, place), 0, 0);
}

static size_t push_branch(struct builder *b, uint16_t op, uint32_t k, size_t yes, size_t no)
{
	yes = within_reach(b, yes, 1);
	no = within_reach(b, no, 0);
	return push(b, op, k, distance(b, yes), distance(b, no));
}

static size_t push_outcome(struct builder *b, struct outcome outcome)
{
	if (outcome.args)
		return b->moved[outcome.value];
	for (size_t back = 0; back < b->len && back < REACH / 2; back++) {
		size_t place = b->len - 1 - back;

		if (place < b->max && b->insns[place].code == OP_RETURN &&
		    b->insns[place].k == outcome.value)
			return place;
	}
	return push(b, OP_RETURN, outcome.value, 0, 0);
}

/* Binary search for the step of the number that is in the accumulator. */
static size_t push_search(struct builder *b, const struct step *steps, size_t len)
{
	size_t middle = len / 2;
	size_t yes, no;

	if (len == 1)
		return push_outcome(b, steps[0].outcome);
	if (len == 3 && steps[2].start == steps[1].start + 1 &&
	    same_outcome(steps[0].outcome, steps[2].outcome)) {
		yes = push_outcome(b, steps[1].outcome);
		no = push_outcome(b, steps[0].outcome);
		return push_branch(b, OP_EQ, steps[1].start, yes, no);
	}
	yes = push_search(b, steps + middle, len - middle);
	no = push_search(b, steps, middle);
	return push_branch(b, OP_GE, steps[middle].start, yes, no);
}

/* ---- the parts that look at arguments --------------------------------------------------------- */

/* Mark what can be reached from @pc; -ENOTSUP when it does anything but judge arguments. */
static int mark(struct builder *b, size_t pc)
{
	const struct seccomp_code *from = b->from;
	int r = 0;

	for (; r == 0; pc++) {
		const struct sock_filter *i;

		if (pc >= from->len)
			return -ENOTSUP;
		if (b->moved[pc] != SIZE_MAX)
			return 0;
		b->moved[pc] = 0; /* its place is known when it is written */
		i = &from->insns[pc];
		switch (i->code) {
		case OP_RETURN:
			return 0;
		case OP_LOAD:
			r = i->k >= offsetof(struct seccomp_data, args) ? 0 : -ENOTSUP;
			break;
		case OP_AND:
			break;
		case OP_JUMP:
			pc += i->k;
			break;
		case OP_EQ:
		case OP_GT:
		case OP_GE:
		case OP_SET:
			/* jumps lead forwards only, so this ends; chains of libseccomp are not deep */
			r = mark(b, pc + 1 + i->jt);
			pc += i->jf;
			break;
		default:
			r = -ENOTSUP;
		}
	}
	return r;
}

/*
 * Marked instructions keep their order, and what lies between them only vanishes: every jump
 * gets shorter or stays.
 */
static void push_marked(struct builder *b)
{
	for (size_t pc = b->from->len; pc-- > 0;) {
		const struct sock_filter *i = &b->from->insns[pc];

		if (b->moved[pc] == SIZE_MAX)
			continue;
		if (i->code == OP_JUMP)
			b->moved[pc] = push(b, i->code,
					    (uint32_t)distance(b, b->moved[pc + 1 + i->k]), 0, 0);
		else if (BPF_CLASS(i->code) == BPF_JMP)
			b->moved[pc] = push(b, i->code, i->k, distance(b, b->moved[pc + 1 + i->jt]),
					    distance(b, b->moved[pc + 1 + i->jf]));
		else
			b->moved[pc] = push(b, i->code, i->k, 0, 0);
	}
}

/* ---- the whole -------------------------------------------------------------------------------- */

struct plan {
	struct archs archs; /* and one entry more for all others */
	struct step *steps[ARCHS_MAX + 1];
	size_t steps_len[ARCHS_MAX + 1];
};

static void plan_release(struct plan *plan)
{
	for (size_t i = 0; i <= ARCHS_MAX; i++)
		free(plan->steps[i]);
}

static int plan_steps(const struct seccomp_code *code, const uint32_t *edges, size_t edges_len,
		      uint32_t unknown, struct plan *plan)
{
	struct archs *archs = &plan->archs;
	int r;

	plan->steps[ARCHS_MAX] = calloc(edges_len, sizeof(struct step));
	if (!plan->steps[ARCHS_MAX])
		return -ENOMEM;
	/* One that is unknown is compared with all that are known, on each path that it takes. */
	r = find_steps(code, unknown, edges, edges_len, archs, plan->steps[ARCHS_MAX],
		       &plan->steps_len[ARCHS_MAX]);
	for (size_t i = 0; r == 0 && i < archs->len; i++) {
		plan->steps[i] = calloc(edges_len, sizeof(struct step));
		if (!plan->steps[i])
			return -ENOMEM;
		r = find_steps(code, archs->values[i], edges, edges_len, NULL, plan->steps[i],
			       &plan->steps_len[i]);
	}
	return r;
}

static int mark_all(struct builder *b, const struct plan *plan)
{
	for (size_t a = 0; a <= ARCHS_MAX; a++) {
		for (size_t i = 0; i < plan->steps_len[a]; i++) {
			const struct outcome *outcome = &plan->steps[a][i].outcome;

			if (outcome->args && mark(b, outcome->value) < 0)
				return -ENOTSUP;
		}
	}
	return 0;
}

static size_t push_arch(struct builder *b, const struct step *steps, size_t len)
{
	size_t search = push_search(b, steps, len);

	if (len == 1)
		return search;
	/* With two steps or more a search begins with its last written instruction: the load falls into it. */
	return push(b, OP_LOAD, offsetof(struct seccomp_data, nr), 0, 0);
}

/* Return: -ENOTSUP when the result is no better. */
static int build(struct builder *b, const struct plan *plan)
{
	size_t entries[ARCHS_MAX];
	size_t next;

	if (plan->archs.len == 0 || mark_all(b, plan) < 0)
		return -ENOTSUP;
	push_marked(b);
	next = push_arch(b, plan->steps[ARCHS_MAX], plan->steps_len[ARCHS_MAX]);
	for (size_t i = plan->archs.len; i-- > 0;)
		entries[i] = push_arch(b, plan->steps[i], plan->steps_len[i]);
	for (size_t i = plan->archs.len; i-- > 0;)
		next = push_branch(b, OP_EQ, plan->archs.values[i], entries[i], next);
	(void)push(b, OP_LOAD, offsetof(struct seccomp_data, arch), 0, 0);
	return b->len < b->max ? 0 : -ENOTSUP;
}

/* Does @made decide as the original at each edge? */
static bool is_equivalent(const struct builder *b, const struct seccomp_code *made, uint32_t arch,
			  const uint32_t *edges, size_t edges_len)
{
	for (size_t i = 0; i < edges_len; i++) {
		struct outcome was, is;

		if (follow(b->from, arch, edges[i], NULL, &was) < 0 ||
		    follow(made, arch, edges[i], NULL, &is) < 0)
			return false;
		if (was.args)
			was.value = (uint32_t)(made->len - 1 - b->moved[was.value]);
		if (!same_outcome(was, is))
			return false;
	}
	return true;
}

static int shrink(const struct seccomp_code *code, uint32_t *edges, struct builder *b,
		  struct seccomp_code *made)
{
	__attribute__((cleanup(plan_release))) struct plan plan = { .archs = { .len = 0 } };
	const size_t edges_len = find_edges(code, edges);
	const uint32_t unknown = unknown_arch(code);
	int r = plan_steps(code, edges, edges_len, unknown, &plan);

	if (r == 0)
		r = build(b, &plan);
	if (r < 0)
		return r;
	for (size_t i = 0, j = b->len - 1; i < j; i++, j--) {
		struct sock_filter swap = b->insns[i];

		b->insns[i] = b->insns[j];
		b->insns[j] = swap;
	}
	*made = (struct seccomp_code){ b->insns, b->len };
	for (size_t i = 0; i < plan.archs.len; i++)
		if (!is_equivalent(b, made, plan.archs.values[i], edges, edges_len))
			return -ENOTSUP;
	return is_equivalent(b, made, unknown, edges, edges_len) ? 0 : -ENOTSUP;
}

void seccomp_shrink(struct oci_arena *arena, struct seccomp_code *code)
{
	CLEANUP_FREE uint32_t *edges = calloc(2 * code->len + 1, sizeof(*edges));
	CLEANUP_FREE size_t *moved = malloc(code->len * sizeof(*moved));
	struct builder b = {
		.from = code,
		.insns = oci_arena_array(arena, code->len, sizeof(*b.insns)),
		.max = code->len,
		.moved = moved,
	};
	struct seccomp_code made;

	if (!edges || !moved || !b.insns)
		return;
	for (size_t i = 0; i < code->len; i++)
		moved[i] = SIZE_MAX;
	if (shrink(code, edges, &b, &made) == 0)
		*code = made;
}
