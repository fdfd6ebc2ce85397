/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_device_bpf.c - the device filter of v2: what the plan of rules keeps, that the program answers as the rules
 * say (run here by an interpreter of the few instructions it is made of), and that the
 * kernel's verifier takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys_bpf.h"
#include "runtime/cgroup/internal.h"

/* ---- the interpreter ---- */

struct request {
	char type;
	uint32_t major;
	uint32_t minor;
	unsigned access; /* CGROUP_DEVICE_* */
};

static bool jumps(const struct bpf_insn *insn, uint32_t value)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JNE:
		return value != (uint32_t)insn->imm;
	case BPF_JSET:
		return (value & (uint32_t)insn->imm) != 0;
	default:
		fail_msg("jump %#x", insn->code);
		return false;
	}
}

static uint32_t compute(const struct bpf_insn *insn, const uint64_t *regs)
{
	uint32_t old = (uint32_t)regs[insn->dst_reg];
	uint32_t by =
		BPF_SRC(insn->code) == BPF_X ? (uint32_t)regs[insn->src_reg] : (uint32_t)insn->imm;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		return by;
	case BPF_AND:
		return old & by;
	case BPF_RSH:
		return old >> by;
	default:
		fail_msg("operation %#x", insn->code);
		return 0;
	}
}

/** run - the answer; every jump must go forward and stay inside. */
static bool run(const struct bpf_insn *insns, size_t len, const struct request *request)
{
	struct bpf_cgroup_dev_ctx context = {
		.access_type = (request->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR) |
			       (request->access & CGROUP_DEVICE_R ? BPF_DEVCG_ACC_READ << 16 : 0) |
			       (request->access & CGROUP_DEVICE_W ? BPF_DEVCG_ACC_WRITE << 16 : 0) |
			       (request->access & CGROUP_DEVICE_M ? BPF_DEVCG_ACC_MKNOD << 16 : 0),
		.major = request->major,
		.minor = request->minor,
	};
	uint64_t regs[11] = { 0 };
	uint32_t word;

	for (size_t pc = 0; pc < len; pc++) {
		const struct bpf_insn *insn = &insns[pc];

		switch (BPF_CLASS(insn->code)) {
		case BPF_LDX:
			assert_int_equal(insn->code, BPF_LDX | BPF_MEM | BPF_W);
			assert_int_equal(insn->src_reg, BPF_REG_1);
			assert_in_range(insn->off, 0, sizeof(context) - sizeof(uint32_t));
			memcpy(&word, (const char *)&context + insn->off, sizeof(word));
			regs[insn->dst_reg] = word;
			break;
		case BPF_ALU:
			regs[insn->dst_reg] = compute(insn, regs);
			break;
		case BPF_JMP32:
			assert_true(insn->off >= 0);
			if (jumps(insn, (uint32_t)regs[insn->dst_reg]))
				pc += (size_t)insn->off;
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_EXIT) {
				assert_in_range(regs[0], 0, 1);
				return regs[0] == 1;
			}
			assert_int_equal(BPF_OP(insn->code), BPF_JA);
			assert_true(insn->off >= 0);
			pc += (size_t)insn->off;
			break;
		default:
			fail_msg("instruction %#x", insn->code);
		}
	}
	fail_msg("ran past the end");
	return false;
}

/* ---- rules ---- */

#define RULES_MAX 2100

struct rule {
	bool allow;
	const char *type;
	int64_t major; /* -1: any */
	int64_t minor;
	const char *access;
};

static struct oci_device_rule documents[RULES_MAX];

static void plan(const struct rule *rules, size_t len, struct cgroup_device_rules *ret)
{
	struct oci_resources resources = { .devices = documents, .devices_len = len };
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	for (size_t i = 0; i < len; i++)
		documents[i] = (struct oci_device_rule){
			.allow = { true, rules[i].allow },
			.type = (char *)rules[i].type,
			.major = { true, rules[i].major },
			.minor = { true, rules[i].minor },
			.access = (char *)rules[i].access,
		};
	r = cgroup_device_rules_plan(&resources, ret, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
}

static size_t compile(const struct cgroup_device_rules *rules, struct bpf_insn **ret)
{
	struct bpf_insn *insns = calloc(CGROUP_DEVICE_BPF_MAX(rules->len), sizeof(*insns));
	size_t len;

	assert_non_null(insns);
	len = cgroup_device_bpf_emit(rules, insns);
	assert_in_range(len, 2, CGROUP_DEVICE_BPF_MAX(rules->len));
	*ret = insns;
	return len;
}

static const char *words(const struct cgroup_device_rules *rules)
{
	static char text[4096];
	char one[64];
	size_t n = (size_t)sprintf(text, "%s:", rules->allow_all ? "allow" : "deny");

	for (size_t i = 0; i < rules->len; i++)
		n += (size_t)sprintf(text + n, "%c%s,", rules->list[i].allow ? '+' : '-',
				     cgroup_device_format(&rules->list[i].device, one));
	return text;
}

#define DEFAULTS                                                                               \
	"+c *:* m,+b *:* m,+c 1:3 rwm,+c 1:5 rwm,+c 1:7 rwm,+c 1:8 rwm,+c 1:9 rwm,+c 5:0 rwm," \
	"+c 5:2 rwm,+c 136:* rwm,+c 10:200 rwm,"

static void keeps_what_decides(void **state)
{
	static const struct {
		struct rule rules[4];
		size_t len;
		const char *result;
	} cases[] = {
		{ .len = 0, .result = "deny:" DEFAULTS },
		{ { { false, "a", -1, -1, "rwm" } }, 1, "deny:" DEFAULTS },
		/* privileged: nothing to decide, no program */
		{ { { true, "a", -1, -1, "rwm" } }, 1, "allow:" },
		/* the last "a" wins and forgets the rest */
		{ { { true, "c", 7, 7, "r" },
		    { true, "a", -1, -1, "" },
		    { false, NULL, -1, -1, "" } },
		  3,
		  "deny:" DEFAULTS },
		/* what engines repeat of the defaults is said once */
		{ { { false, "a", -1, -1, "rwm" },
		    { true, "c", 1, 3, "rwm" },
		    { true, "c", -1, -1, "m" } },
		  3,
		  "deny:" DEFAULTS },
		/* a later, wider rule hides an earlier one, also in part */
		{ { { true, "b", 8, 1, "rw" }, { true, "b", 8, -1, "r" } },
		  2,
		  "deny:+b 8:1 w,+b 8:* r," DEFAULTS },
		{ { { true, "b", 8, 1, "rw" }, { false, "b", 8, -1, "rwm" } },
		  2,
		  "deny:" DEFAULTS },
		/* exceptions from a wildcard, which v1 cannot make */
		{ { { true, "b", 8, -1, "rw" }, { false, "b", 8, 1, "w" } },
		  2,
		  "deny:+b 8:* rw,-b 8:1 w," DEFAULTS },
		{ { { true, "a", -1, -1, "" }, { false, "c", 1, -1, "rwm" } },
		  2,
		  "allow:-c 1:* rw," DEFAULTS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgroup_device_rules rules;

		plan(cases[i].rules, cases[i].len, &rules);
		assert_string_equal(words(&rules), cases[i].result);
		free(rules.list);
	}
}

static void refuses_what_v1_refuses(void **state)
{
	struct oci_device_rule rule = { .allow = { true, true },
					.type = (char *)"d",
					.access = (char *)"r" };
	struct oci_resources resources = { .devices = &rule, .devices_len = 1 };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(cgroup_v2_devices_check(&resources, &err), -EINVAL);
	assert_string_equal(err.message,
			    "linux.resources.devices[0].type: 'd' is none of a, b and c");
}

/* ---- answers ---- */

static void answers(void **state)
{
	static const struct rule rules[] = {
		{ false, "a", -1, -1, "rwm" },  { true, "b", 8, -1, "rw" },
		{ false, "b", 8, 1, "w" },      { true, "c", 4, 64, "r" },
		{ true, "c", 4, 64, "w" },      { true, "c", 4294967295, 4294967295, "rwm" },
		{ false, "c", 10, 200, "rwm" }, /* every container has it: comes back */
	};
	static const struct {
		struct request request;
		bool answer;
	} cases[] = {
		{ { 'c', 1, 3, CGROUP_DEVICE_R | CGROUP_DEVICE_W }, true },
		{ { 'b', 1, 3, CGROUP_DEVICE_R }, false },
		{ { 'c', 1, 4, CGROUP_DEVICE_R }, false },
		{ { 'c', 1, 4, CGROUP_DEVICE_M }, true },
		{ { 'c', 136, 77, CGROUP_DEVICE_RWM }, true },
		{ { 'b', 8, 0, CGROUP_DEVICE_R | CGROUP_DEVICE_W }, true },
		{ { 'b', 8, 0, CGROUP_DEVICE_RWM }, true },
		{ { 'b', 8, 1, CGROUP_DEVICE_R }, true },
		{ { 'b', 8, 1, CGROUP_DEVICE_R | CGROUP_DEVICE_W }, false },
		{ { 'b', 9, 1, CGROUP_DEVICE_R }, false },
		/* two rules that allow one kind of access each */
		{ { 'c', 4, 64, CGROUP_DEVICE_R | CGROUP_DEVICE_W }, true },
		{ { 'c', 4, 65, CGROUP_DEVICE_R }, false },
		/* large numbers are no negative ones */
		{ { 'c', 4294967295, 4294967295, CGROUP_DEVICE_R }, true },
		{ { 'c', 4294967295, 0, CGROUP_DEVICE_R }, false },
		{ { 'c', 10, 200, CGROUP_DEVICE_R | CGROUP_DEVICE_W }, true },
	};
	CLEANUP_FREE struct bpf_insn *insns = NULL;
	struct cgroup_device_rules plan_;
	size_t len;

	(void)state;
	plan(rules, ARRAY_LEN(rules), &plan_);
	len = compile(&plan_, &insns);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (run(insns, len, &cases[i].request) != cases[i].answer)
			fail_msg("case %zu: %c %u:%u %u", i, cases[i].request.type,
				 cases[i].request.major, cases[i].request.minor,
				 cases[i].request.access);
	free(plan_.list);
}

static unsigned pick(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

static bool matches(const struct rule *rule, const struct request *request)
{
	return rule->type[0] == 'a' || (rule->type[0] == request->type &&
					(rule->major == -1 || rule->major == request->major) &&
					(rule->minor == -1 || rule->minor == request->minor));
}

static unsigned bit_of(char access)
{
	return access == 'r' ? CGROUP_DEVICE_R : access == 'w' ? CGROUP_DEVICE_W : CGROUP_DEVICE_M;
}

/** by_rules - the definition: for each kind of access, the last rule that matches. */
static bool by_rules(const struct rule *rules, size_t len, const struct request *request)
{
	bool answer = true;

	for (const char *p = "rwm"; *p; p++) {
		bool allow = false;

		if (!(request->access & bit_of(*p)))
			continue;
		for (size_t i = 0; i < len; i++)
			if (matches(&rules[i], request) &&
			    (rules[i].type[0] == 'a' || strchr(rules[i].access, *p)))
				allow = rules[i].allow;
		answer = answer && allow;
	}
	return answer;
}

static bool in_v1_set(const struct cgroup_device_set *set, const struct request *request)
{
	unsigned rest = request->access, hit = 0;

	for (size_t i = 0; i < set->len; i++) {
		const struct cgroup_device *d = &set->list[i];

		if (d->type == request->type && (d->major == -1 || d->major == request->major) &&
		    (d->minor == -1 || d->minor == request->minor))
			hit |= d->access;
	}
	return set->allow_all ? !(rest & hit) : !(rest & ~hit);
}

/** Random lists on few numbers, so that rules meet: the program, the definition and v1's plan agree. */
static void agrees_with_the_definition(void **state)
{
	static const char *const types[] = { "b", "c", "c", "a" };
	static const char *const kinds[] = { "r", "w", "m", "rw", "rwm", "rm" };
	static const struct rule defaults[] = { { true, "c", -1, -1, "m" },
						{ true, "b", -1, -1, "m" },
						{ true, "c", 1, 3, "rwm" } };
	unsigned seed = 7, v1_accepted = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		CLEANUP_FREE struct bpf_insn *insns = NULL;
		struct cgroup_device_rules planned;
		struct cgroup_device_set set = { 0 };
		struct oci_error err = OCI_ERROR_INIT;
		struct oci_resources resources = { .devices = documents };
		struct rule rules[16];
		size_t len = pick(&seed, 8), insns_len;
		bool v1;

		for (size_t i = 0; i < len; i++) {
			const char *type = types[pick(&seed, i == 0 ? 4 : 3)];
			bool all = type[0] == 'a';

			rules[i] = (struct rule){ pick(&seed, 2) == 1, type,
						  all ? -1 : (int64_t)pick(&seed, 4) - 1,
						  all ? -1 : (int64_t)pick(&seed, 4) - 1,
						  kinds[pick(&seed, ARRAY_LEN(kinds))] };
		}
		plan(rules, len, &planned);
		resources.devices_len = len;
		v1 = cgroup_devices_plan(&resources, &set, &err) == 0;
		v1_accepted += v1;
		insns_len = compile(&planned, &insns);
		memcpy(&rules[len], defaults, sizeof(defaults));
		for (int k = 0; k < 40; k++) {
			struct request request = { pick(&seed, 2) ? 'b' : 'c', pick(&seed, 4),
						   pick(&seed, 4), 1 + pick(&seed, 7) };
			bool answer = run(insns, insns_len, &request);

			if (request.type == 'c' && request.major == 1 && request.minor == 3)
				assert_true(answer);
			assert_int_equal(answer,
					 by_rules(rules, len + ARRAY_LEN(defaults), &request));
			if (v1)
				assert_int_equal(answer, in_v1_set(&set, &request));
		}
		free(set.list);
		free(planned.list);
	}
	assert_in_range(v1_accepted, 500, 2999);
}

/* ---- the verifier ---- */

static int load(const struct rule *rules, size_t len)
{
	CLEANUP_FREE struct bpf_insn *insns = NULL;
	struct cgroup_device_rules planned;
	size_t insns_len;

	plan(rules, len, &planned);
	insns_len = compile(&planned, &insns);
	free(planned.list);
	return sys_bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, "carte_test",
				 insns, insns_len);
}

static void passes_the_verifier(void **state)
{
	static struct rule rules[RULES_MAX];
	static const size_t lens[] = { 0, 1, 40, 2000 };

	(void)state;
	for (size_t i = 0; i < RULES_MAX; i++)
		rules[i] = (struct rule){ i % 3 != 0, i % 5 ? "c" : "b", (int64_t)(i % 700),
					  i % 4 ? (int64_t)i : -1, i % 2 ? "rw" : "rwm" };
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		CLEANUP_CLOSE int fd = load(rules, lens[i]);

		if (i == 0 && (fd == -EPERM || fd == -ENOSYS || fd == -EINVAL)) {
			print_message("bpf(2) is not to be had here: %s\n", strerror(-fd));
			skip();
		}
		if (fd < 0)
			fail_msg("%zu rules: %s", lens[i], strerror(-fd));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_decides),
		cmocka_unit_test(refuses_what_v1_refuses),
		cmocka_unit_test(answers),
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(passes_the_verifier),
	};

	return cmocka_run_group_tests_name("device_bpf", tests, NULL, NULL);
}
