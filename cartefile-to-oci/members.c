/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - a ring of slots: the caller fills one, threads compress those that are full, the caller writes those that are
 * done, oldest first; see members.h.
 *
 * A slot's buffers belong to the caller while it is SLOT_FREE or SLOT_DONE, to one thread while it is SLOT_BUSY, to nobody while it is
 * SLOT_FULL; states change under the lock. The threads start with the first chunk that is whole.
 */
#include <libdeflate.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/members.h"

#define THREADS_MAX 4
#define SLOTS_MAX (THREADS_MAX + 1)
#define STACK_SIZE ((size_t)256 << 10)

enum slot_state { SLOT_FREE = 0, SLOT_FULL, SLOT_BUSY, SLOT_DONE };

struct slot {
	enum slot_state state;
	unsigned char *in, *out;
	bool first;                   /* of the MEMBERS_LEVEL1_FIRST */
	size_t in_length, out_length; /* out_length 0: it could not be done */
};

/* Level 1, and level 2 once a chunk is worth it. */
struct packer {
	struct libdeflate_compressor *fast, *better;
};

struct members {
	struct blob_writer *blob;
	struct packer own; /* the caller's */
	struct slot slots[SLOTS_MAX];
	size_t slots_len;
	size_t filled;  /* chunks that were added */
	size_t started; /* chunks that a thread took */
	size_t written; /* chunks that are in the blob */
	pthread_mutex_t lock;
	pthread_cond_t is_full, is_done;
	pthread_t threads[THREADS_MAX];
	size_t threads_len;
	bool tried, stop;
};

static struct slot *slot_of(struct members *members, size_t chunk)
{
	return &members->slots[chunk % members->slots_len];
}

/* Of a chunk, which is the same whoever compresses. */
static size_t size_of(size_t chunk)
{
	return chunk < 2 ? MEMBERS_FIRST_SIZE : MEMBERS_SIZE;
}

static int slot_alloc(struct slot *slot, struct oci_error *err)
{
	if (!slot->in)
		slot->in = malloc(MEMBERS_SIZE);
	return slot->in ? 0 : err_nomem(err);
}

/*
 * Programs and libraries, which have many zero bytes, gain by level 2 twice what other files do for the same time: measured on
 * a Debian root file system, about 2 % of the whole for an eighth more time. Whoever compresses, the answer is the same.
 */
static bool is_worth_level_2(const unsigned char *data, size_t length)
{
	size_t seen = 0, zeros = 0;

	/* every 16th byte, each time at another place of the 16: records have their zeros at the same places */
	for (size_t i = 0, shift = 0; i + 16 <= length; i += 16, shift = (shift + 1) % 16) {
		zeros += data[i + shift] == 0;
		seen++;
	}
	return zeros * 100 >= seen * MEMBERS_LEVEL2_FROM && zeros * 100 < seen * MEMBERS_LEVEL2_TO;
}

static void slot_compress(struct slot *slot, struct packer *packer)
{
	/* NULL: the most of any compressor, so that the room does not depend on whose it is */
	size_t room = libdeflate_gzip_compress_bound(NULL, MEMBERS_SIZE);
	bool better = !slot->first && is_worth_level_2(slot->in, slot->in_length);
	struct libdeflate_compressor **compressor = better ? &packer->better : &packer->fast;

	if (!slot->out)
		slot->out = malloc(room);
	if (!*compressor)
		*compressor = libdeflate_alloc_compressor(better ? 2 : 1);
	slot->out_length = slot->out && *compressor
				   ? libdeflate_gzip_compress(*compressor, slot->in,
							      slot->in_length, slot->out, room)
				   : 0;
}

static void packer_free(struct packer *packer)
{
	libdeflate_free_compressor(packer->fast);
	libdeflate_free_compressor(packer->better);
}

/* ---- the threads ------------------------------------------------------------------------------------------------ */

static void *thread_run(void *context)
{
	struct members *members = context;
	struct packer packer = { 0 };

	pthread_mutex_lock(&members->lock);
	for (;;) {
		struct slot *slot;

		while (!members->stop && members->started == members->filled)
			pthread_cond_wait(&members->is_full, &members->lock);
		if (members->stop)
			break;
		slot = slot_of(members, members->started++);
		slot->state = SLOT_BUSY;
		pthread_mutex_unlock(&members->lock);
		slot_compress(slot, &packer);
		pthread_mutex_lock(&members->lock);
		slot->state = SLOT_DONE;
		pthread_cond_signal(&members->is_done);
	}
	pthread_mutex_unlock(&members->lock);
	packer_free(&packer);
	return NULL;
}

/* Those that may be used (sched_setaffinity(2), cpuset), not those that there are. */
static size_t processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count > THREADS_MAX ? THREADS_MAX : (size_t)count;
}

static int start_thread(struct members *members, pthread_attr_t *attr)
{
	size_t i = members->threads_len;

	if (pthread_create(&members->threads[i], attr, thread_run, members) != 0)
		return -EAGAIN;
	members->threads_len++;
	return 0;
}

/* As many as can be had; with none the caller compresses. */
static void start_threads(struct members *members)
{
	size_t wanted = processors();
	pthread_attr_t attr;

	members->tried = true;
	if (wanted < 2 || pthread_attr_init(&attr) != 0)
		return;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_mutex_lock(&members->lock);
	while (members->threads_len < wanted && start_thread(members, &attr) == 0)
		;
	if (members->threads_len > 0)
		members->slots_len = members->threads_len + 1;
	pthread_mutex_unlock(&members->lock);
	(void)pthread_attr_destroy(&attr);
}

static void stop_threads(struct members *members)
{
	pthread_mutex_lock(&members->lock);
	members->stop = true;
	pthread_cond_broadcast(&members->is_full);
	pthread_mutex_unlock(&members->lock);
	for (size_t i = 0; i < members->threads_len; i++)
		(void)pthread_join(members->threads[i], NULL);
	members->threads_len = 0;
}

/* ---- the caller ------------------------------------------------------------------------------------------------- */

int members_begin(struct blob_writer *blob, struct members **ret, struct tar_out *input,
		  struct oci_error *err)
{
	struct members *members = calloc(1, sizeof(*members));
	int r;

	if (!members)
		return err_nomem(err);
	members->blob = blob;
	members->slots_len = 1;
	(void)pthread_mutex_init(&members->lock, NULL);
	(void)pthread_cond_init(&members->is_full, NULL);
	(void)pthread_cond_init(&members->is_done, NULL);
	r = slot_alloc(&members->slots[0], err);
	if (r < 0) {
		members_abandon(members);
		return r;
	}
	input->buffer = members->slots[0].in;
	input->size = size_of(0);
	input->used = 0;
	*ret = members;
	return 0;
}

static int write_slot(struct members *members, struct slot *slot, struct oci_error *err)
{
	if (slot->out_length == 0)
		return err_nomem(err);
	return blob_write(members->blob, slot->out, slot->out_length, err);
}

/* Write the oldest chunk. @wait: also when it is not done yet. Return: 1 when one was written. */
static int write_oldest(struct members *members, bool wait, struct oci_error *err)
{
	struct slot *slot = slot_of(members, members->written);
	int r;

	pthread_mutex_lock(&members->lock);
	while (wait && slot->state != SLOT_DONE)
		pthread_cond_wait(&members->is_done, &members->lock);
	r = slot->state == SLOT_DONE;
	pthread_mutex_unlock(&members->lock);
	if (r == 0)
		return 0;
	r = write_slot(members, slot, err);
	if (r < 0)
		return r;
	slot->state = SLOT_FREE; /* no thread looks at it before it is full */
	members->written++;
	return 1;
}

/* Without threads: here and now, in the one slot there is. */
static int add_alone(struct members *members, struct slot *slot, struct oci_error *err)
{
	int r;

	slot_compress(slot, &members->own);
	r = write_slot(members, slot, err);
	if (r == 0) {
		members->filled++;
		members->started++;
		members->written++;
	}
	return r;
}

static int add_for_threads(struct members *members, struct slot *slot, struct oci_error *err)
{
	int r;

	pthread_mutex_lock(&members->lock);
	slot->state = SLOT_FULL;
	members->filled++;
	pthread_cond_signal(&members->is_full);
	pthread_mutex_unlock(&members->lock);
	do {
		r = members->written < members->filled
			    ? write_oldest(members,
					   members->filled - members->written == members->slots_len,
					   err)
			    : 0;
	} while (r > 0);
	return r;
}

int members_add(struct members *members, struct tar_out *input, struct oci_error *err)
{
	struct slot *slot = slot_of(members, members->filled);
	int r;

	slot->in_length = input->used;
	slot->first = members->filled < MEMBERS_LEVEL1_FIRST;
	/* before the first chunk only: the ring's size decides where a chunk lies */
	if (!members->tried && input->used == input->size)
		start_threads(members);
	r = members->threads_len > 0 ? add_for_threads(members, slot, err)
				     : add_alone(members, slot, err);
	if (r < 0)
		return r;
	slot = slot_of(members, members->filled);
	r = slot_alloc(slot, err);
	if (r < 0)
		return r;
	input->buffer = slot->in;
	input->size = size_of(members->filled);
	input->used = 0;
	return 0;
}

int members_end(struct members *members, struct oci_error *err)
{
	int r = 0;

	while (r >= 0 && members->written < members->filled)
		r = write_oldest(members, true, err);
	members_abandon(members);
	return r < 0 ? r : 0;
}

void members_abandon(struct members *members)
{
	if (!members)
		return;
	stop_threads(members);
	packer_free(&members->own);
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		free(members->slots[i].in);
		free(members->slots[i].out);
	}
	(void)pthread_mutex_destroy(&members->lock);
	(void)pthread_cond_destroy(&members->is_full);
	(void)pthread_cond_destroy(&members->is_done);
	free(members);
}
