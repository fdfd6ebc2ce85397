/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_bpf.c - device rules as a program of the kernel's BPF machine.
 *
 * cgroup v2 has no devices controller: a program of the type CGROUP_DEVICE is
 * asked at every open and mknod whether all the access that is wanted is
 * allowed (linux/bpf.h: struct bpf_cgroup_dev_ctx). It is made here by hand,
 * rule after rule, the last one first, since the last that matches wins.
 *
 * Register 2 holds the access that nobody has decided about yet. A rule that
 * allows takes its bits out, and once none is left the answer is yes; a rule
 * that denies a bit still in there ends with no.
 *
 * Device numbers are loaded anew for each rule. Kept in registers they would let the
 * verifier follow each "if it is number N" into all the rules behind, and its
 * work would grow with the square of the list.
 */
#include <linux/bpf.h>

#include "runtime/cgroup/internal.h"

enum {
	CONTEXT = BPF_REG_1,
	WANTED = BPF_REG_2, /* BPF_DEVCG_ACC_* not decided yet */
	TYPE = BPF_REG_3,   /* BPF_DEVCG_DEV_* */
	NUMBER = BPF_REG_4,
	ANSWER = BPF_REG_0, /* 1 until a rule denies */
};

struct program {
	struct bpf_insn *insns;
	size_t len;
};

static void emit(struct program *p, unsigned code, unsigned dst, unsigned src, int offset,
		 uint32_t immediate)
{
	p->insns[p->len++] = (struct bpf_insn){
		.code = (uint8_t)code,
		.dst_reg = dst & 0xf,
		.src_reg = src & 0xf,
		.off = (int16_t)offset,
		.imm = (int32_t)immediate,
	};
}

/* 32-bit operations clear the upper half; BPF_JMP32 compares without sign extension (5.1) */
static void emit_alu(struct program *p, unsigned op, unsigned dst, uint32_t immediate)
{
	emit(p, BPF_ALU | op | BPF_K, dst, 0, 0, immediate);
}

static void emit_load(struct program *p, unsigned dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, CONTEXT, (int)offset, 0);
}

/** emit_jump - to be given its target later. Return: where it is. */
static size_t emit_jump(struct program *p, unsigned op, unsigned dst, uint32_t immediate)
{
	emit(p, BPF_JMP32 | op | BPF_K, dst, 0, 0, immediate);
	return p->len - 1;
}

static void emit_exit(struct program *p)
{
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/** land - let a jump lead to the next instruction. */
static void land(struct program *p, size_t jump)
{
	p->insns[jump].off = (int16_t)(p->len - jump - 1);
}

static uint32_t access_bits(unsigned access)
{
	return (access & CGROUP_DEVICE_R ? BPF_DEVCG_ACC_READ : 0u) |
	       (access & CGROUP_DEVICE_W ? BPF_DEVCG_ACC_WRITE : 0u) |
	       (access & CGROUP_DEVICE_M ? BPF_DEVCG_ACC_MKNOD : 0u);
}

static void emit_rule(struct program *p, const struct cgroup_device_rule *rule)
{
	const struct cgroup_device *device = &rule->device;
	size_t jumps[4], len = 0, denied;

	jumps[len++] = emit_jump(p, BPF_JNE, TYPE,
				 device->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (device->major >= 0) {
		emit_load(p, NUMBER, offsetof(struct bpf_cgroup_dev_ctx, major));
		jumps[len++] = emit_jump(p, BPF_JNE, NUMBER, (uint32_t)device->major);
	}
	if (device->minor >= 0) {
		emit_load(p, NUMBER, offsetof(struct bpf_cgroup_dev_ctx, minor));
		jumps[len++] = emit_jump(p, BPF_JNE, NUMBER, (uint32_t)device->minor);
	}
	if (rule->allow) {
		emit_alu(p, BPF_AND, WANTED, ~access_bits(device->access));
		jumps[len++] = emit_jump(p, BPF_JNE, WANTED, 0);
	} else {
		denied = emit_jump(p, BPF_JSET, WANTED, access_bits(device->access));
		emit(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		jumps[len++] = p->len - 1;
		land(p, denied);
		emit_alu(p, BPF_MOV, ANSWER, 0);
	}
	emit_exit(p);
	while (len > 0)
		land(p, jumps[--len]);
}

size_t cgroup_device_bpf_emit(const struct cgroup_device_rules *rules, struct bpf_insn *insns)
{
	struct program p = { insns, 0 };

	/* access_type: the access in the upper half, the type of the node in the lower */
	emit_load(&p, WANTED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&p, BPF_ALU | BPF_MOV | BPF_X, TYPE, WANTED, 0, 0);
	emit_alu(&p, BPF_AND, TYPE, 0xffff);
	emit_alu(&p, BPF_RSH, WANTED, 16);
	emit_alu(&p, BPF_MOV, ANSWER, 1);
	for (size_t i = rules->len; i > 0; i--)
		emit_rule(&p, &rules->list[i - 1]);
	emit_alu(&p, BPF_MOV, ANSWER, rules->allow_all ? 1 : 0);
	emit_exit(&p);
	return p.len;
}
