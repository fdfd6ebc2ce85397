/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c - admission by hand-computed pools; limits of made-up cgroups; and what this host has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "scale/pool-private.h"
#include "unit/scale.h"

#define MIB ((int64_t)1 << 20)

struct party {
	struct spec_service spec[4];
	struct service service[4];
	struct replica replica[8];
	struct pool_wish wish[4];
	struct pool pool;
};

static void party_begin(struct party *p)
{
	*p = (struct party){ .pool = { .cpu_milli = 2000,
				       .memory = 1000 * MIB,
				       .memory_reserve = 100 * MIB,
				       .available = 1100 * MIB } };
	for (size_t i = 0; i < 4; i++) {
		p->spec[i] = scale_service("s", "i");
		p->service[i] = (struct service){ .spec = &p->spec[i] };
		p->wish[i].service = &p->service[i];
	}
}

static void test_fair(void **state)
{
	struct party p;

	(void)state;
	party_begin(&p);
	/* in turn: 500, 500, 500, 500 */
	p.spec[0].resources.cpu_reserved_milli = p.spec[1].resources.cpu_reserved_milli = 500;
	p.wish[0].wanted = 8;
	p.wish[1].wanted = 8;
	p.wish[2].wanted = 5;
	pool_admit(&p.pool, p.wish, 3);
	assert_int_equal(p.wish[0].admitted, 2);
	assert_int_equal(p.wish[1].admitted, 2);
	/* without reservations there is room as long as memory is */
	assert_int_equal(p.wish[2].admitted, 5);
	assert_string_equal(p.wish[0].reason,
			    "replica 3 needs 0.50 cores, 0.00 of 2.00 are left to reserve");
	assert_string_equal(p.wish[2].reason, "");
}

static void test_priority(void **state)
{
	struct party p;

	(void)state;
	party_begin(&p);
	for (size_t i = 0; i < 3; i++) {
		p.spec[i].resources.memory_reserved = 300 * MIB;
		p.wish[i].wanted = 2;
	}
	p.spec[0].scale.priority = -5;
	p.spec[1].scale.priority = 10;
	pool_admit(&p.pool, p.wish, 3);
	assert_int_equal(p.wish[1].admitted, 2);
	assert_int_equal(p.wish[2].admitted, 1);
	assert_int_equal(p.wish[0].admitted, 0);
	assert_string_equal(p.wish[2].reason,
			    "replica 2 needs 300 MiB of memory, 100 MiB are left to reserve");
	/* again: the same */
	pool_admit(&p.pool, p.wish, 3);
	assert_int_equal(p.wish[1].admitted, 2);
}

static void test_available(void **state)
{
	struct party p;

	(void)state;
	party_begin(&p);
	p.pool.available = 90 * MIB;
	p.wish[0].wanted = 3;
	p.service[0].replicas = &p.replica[0];
	p.replica[0].pid = 1;
	p.replica[0].next = &p.replica[1];
	p.replica[1].pid = 2;
	pool_admit(&p.pool, p.wish, 1);
	/* those that run stay */
	assert_int_equal(p.wish[0].admitted, 2);
	assert_string_equal(p.wish[0].reason,
			    "memory is short: 90 MiB are available, and 100 MiB of them are kept "
			    "free");
	p.pool.available = 350 * MIB;
	p.spec[0].resources.memory_reserved = 100 * MIB;
	p.wish[0].wanted = 9;
	pool_admit(&p.pool, p.wish, 1);
	assert_int_equal(p.wish[0].admitted, 4);
	pool_admit(&p.pool, NULL, 0);
}

/* Whatever is wished: never more than the pool, never more than wanted, and what is refused has a reason. */
static void test_property(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct party p;
		int64_t cpu = 0, memory = 0;

		party_begin(&p);
		for (size_t i = 0; i < 4; i++) {
			p.spec[i].resources.cpu_reserved_milli = rand_r(&seed) % 700 - 50;
			p.spec[i].resources.memory_reserved = (rand_r(&seed) % 400 - 20) * MIB;
			p.spec[i].scale.priority = rand_r(&seed) % 3 - 1;
			p.wish[i].wanted = (unsigned)rand_r(&seed) % 6;
		}
		pool_admit(&p.pool, p.wish, 4);
		for (size_t i = 0; i < 4; i++) {
			const struct spec_resources *needs = &p.spec[i].resources;

			assert_true(p.wish[i].admitted <= p.wish[i].wanted);
			assert_int_equal(p.wish[i].admitted < p.wish[i].wanted,
					 p.wish[i].reason[0] != '\0');
			if (needs->cpu_reserved_milli > 0)
				cpu += p.wish[i].admitted * needs->cpu_reserved_milli;
			if (needs->memory_reserved > 0)
				memory += p.wish[i].admitted * needs->memory_reserved;
		}
		assert_true(cpu <= p.pool.cpu_milli && memory <= p.pool.memory);
	}
}

static void test_limits(void **state)
{
	const char *folder = scale_folder();
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pool_cpu_limit(fd, true), -1);
	scale_write(folder, "cpu.max", "150000 100000\n");
	scale_write(folder, "memory.max", "268435456\n");
	assert_int_equal(pool_cpu_limit(fd, true), 1500);
	assert_int_equal(pool_memory_limit(fd, true), 256 * MIB);
	scale_write(folder, "cpu.max", "max 100000\n");
	scale_write(folder, "memory.max", "max\n");
	assert_int_equal(pool_cpu_limit(fd, true), -1);
	assert_int_equal(pool_memory_limit(fd, true), -1);
	scale_write(folder, "cpu.cfs_quota_us", "50000\n");
	scale_write(folder, "cpu.cfs_period_us", "100000\n");
	scale_write(folder, "memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(pool_cpu_limit(fd, false), 500);
	assert_int_equal(pool_memory_limit(fd, false), -1);
	scale_write(folder, "cpu.cfs_quota_us", "-1\n");
	assert_int_equal(pool_cpu_limit(fd, false), -1);
	scale_folder_remove(folder);
	assert_int_equal(pool_meminfo("MemTotal:  16 kB\nMemAvailable: 8 kB\n", "MemAvailable"),
			 8192);
	assert_int_equal(pool_meminfo("XMemTotal: 16 kB\n", "MemTotal"), -1);
	assert_int_equal(pool_reserve(512 * MIB), 64 * MIB);
	assert_int_equal(pool_reserve(4096 * MIB), 256 * MIB);
	assert_int_equal(pool_reserve(65536 * MIB), 1024 * MIB);
	assert_int_equal(pool_reserve(MIB), MIB);
}

static void test_host(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct pool pool = { 0 };

	(void)state;
	assert_int_equal(pool_measure(&pool, &err), 0);
	assert_int_equal(pool_measure(&pool, &err), 0);
	assert_true(pool.cpu_milli > 0 && pool.memory >= 0 && pool.available > 0);
	assert_true(pool.memory_pressure >= 0 && pool.memory_pressure <= 1);
	assert_true(pool.limited_by[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fair),      cmocka_unit_test(test_priority),
		cmocka_unit_test(test_available), cmocka_unit_test(test_property),
		cmocka_unit_test(test_limits),    cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
