/* SPDX-License-Identifier: Apache-2.0 */
/*
 * student.c - the steps by HTTP, one after the other: where the servers are, log in, assets, the map.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "course.h"
#include "common/json.h"

static const struct {
	enum step step;
	enum service service;
	unsigned timeout_ms;
} stages[] = {
	[STAGE_CONFIG] = { STEP_CONFIG, SERVICE_LOGIN, 10000 },
	[STAGE_LOGIN] = { STEP_LOGIN, SERVICE_LOGIN, 10000 },
	[STAGE_LIST] = { STEP_LIST, SERVICE_ASSET, 10000 },
	[STAGE_ASSET] = { STEP_FETCH, SERVICE_ASSET, 30000 },
	[STAGE_MAP] = { STEP_MAP, SERVICE_MAP, 15000 },
	[STAGE_HEIGHT] = { STEP_HEIGHT, SERVICE_MAP, 15000 },
};

/* splitmix64 */
unsigned student_random(struct student *student, unsigned below)
{
	uint64_t z = student->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (unsigned)((z ^ (z >> 31)) % below);
}

double backoff_s(struct student *student, unsigned tries)
{
	double s = 0.1 * (double)(1u << (tries < 5 ? tries : 5));

	return (s < 2 ? s : 2) * (0.5 + student_random(student, 1000) / 1000.0);
}

void timer_at(struct ev_loop *loop, ev_timer *timer, uint64_t us)
{
	uint64_t now = clock_us();

	ev_timer_stop(loop, timer);
	/* relative to the loop's idea of now, which is as old as the events that it works through */
	ev_now_update(loop);
	ev_timer_set(timer, us > now ? (double)(us - now) / 1e6 : 0, 0);
	ev_timer_start(loop, timer);
}

struct student *student_named(struct course *course, const char *name)
{
	unsigned number = 0;
	char end;

	if (sscanf(name, "student%u%c", &number, &end) != 1 || number == 0 ||
	    number > course->options->students)
		return NULL;
	return &course->students[number - 1];
}

void student_drop(struct student *student, enum service service)
{
	struct course *course = student->course;

	if (student->stage == STAGE_DROPPED)
		return;
	student->stage = STAGE_DROPPED;
	course->result->dropped[service]++;
	ev_timer_stop(course->loop, &student->timer);
	talk_stop(student);
	seat_leave(&student->live);
	seat_leave(&student->page);
	game_stop(&student->play);
	game_leave(&student->play);
}

/* "http://HOST:PORT", with ws:// for http:// and anything behind it */
static int address_read(const char *url, struct address *ret)
{
	const char *at = strstr(url, "://"), *end;
	size_t length;

	at = at ? at + 3 : url;
	length = strcspn(at, ":/");
	if (length == 0 || length >= sizeof(ret->host))
		return -EBADMSG;
	memcpy(ret->host, at, length);
	ret->host[length] = '\0';
	end = at + length;
	ret->port = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : 80;
	return ret->port > 0 && ret->port < 65536 ? 0 : -EBADMSG;
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

static void stage_ask(struct student *student)
{
	const struct options *options = student->course->options;
	const struct address *to = student->stage <= STAGE_LOGIN   ? &student->login
				   : student->stage <= STAGE_ASSET ? &student->asset
								   : &student->map;
	struct http_ask ask = { .method = "GET",
				.timeout_ms = stages[student->stage].timeout_ms,
				.token = student->stage > STAGE_LOGIN ? student->token : NULL };
	char url[512], body[256], path[256];

	switch (student->stage) {
	case STAGE_CONFIG:
		(void)snprintf(path, sizeof(path), "/config");
		break;
	case STAGE_LOGIN:
		(void)snprintf(path, sizeof(path), "/login");
		(void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}",
			       student->name, options->password);
		ask.method = "POST";
		ask.body = body;
		break;
	case STAGE_LIST:
		(void)snprintf(path, sizeof(path), "/assets");
		break;
	case STAGE_ASSET:
		(void)snprintf(path, sizeof(path), "/assets/%s", student->asset_id);
		ask.hash = true;
		break;
	case STAGE_MAP:
		(void)snprintf(path, sizeof(path), "/maps/%s", options->map);
		break;
	default:
		(void)snprintf(path, sizeof(path), "/height?x=%u&y=%u&w=64&h=64",
			       student_random(student, 1024), student_random(student, 1024));
		break;
	}
	(void)snprintf(url, sizeof(url), "http://%s:%u%s", to->host, to->port, path);
	ask.url = url;
	if (http_start(student->http, &ask) < 0) {
		/* nothing that is measured from now on would mean anything */
		fputs("loadtest: out of memory\n", stderr);
		exit(2);
	}
}

static void stage_begin(struct student *student, enum stage stage, uint64_t intended_us)
{
	student->stage = stage;
	student->tries = 0;
	student->intended_us = intended_us;
	timer_at(student->course->loop, &student->timer, intended_us);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct student *student = timer->data;

	(void)loop;
	(void)events;
	if (student->stage == STAGE_PLAY) {
		seat_open(&student->live, student->intended_us);
		return;
	}
	stage_ask(student);
}

/* ---- what is answered: 0 or -EBADMSG ------------------------------------------------------------------------------ */

static int take_config(struct student *student, const struct http_answer *answer)
{
	CLEANUP_JSON struct json *json = json_parse(answer->body, answer->size);
	const char *asset, *map, *game;

	if (!json)
		return -EBADMSG;
	asset = json_string(json, "asset");
	map = json_string(json, "map");
	game = json_string(json, "game");
	if (!asset || !map || !game || address_read(asset, &student->asset) < 0 ||
	    address_read(map, &student->map) < 0)
		return -EBADMSG;
	return address_read(game, &student->game);
}

static int take_token(struct student *student, const struct http_answer *answer)
{
	CLEANUP_JSON struct json *json = json_parse(answer->body, answer->size);
	const char *token = json ? json_string(json, "token") : NULL;

	if (!token || strlen(token) >= sizeof(student->token))
		return -EBADMSG;
	(void)snprintf(student->token, sizeof(student->token), "%s", token);
	return 0;
}

static yajl_val list_of(yajl_val root)
{
	if (YAJL_IS_OBJECT(root))
		for (size_t i = 0; i < root->u.object.len; i++)
			if (YAJL_IS_ARRAY(root->u.object.values[i]))
				return root->u.object.values[i];
	return YAJL_IS_ARRAY(root) ? root : NULL;
}

/* one of the list, by chance */
static int take_list(struct student *student, const struct http_answer *answer)
{
	const char *path[] = { "id", NULL }, *id;
	yajl_val root = yajl_tree_parse(answer->body, NULL, 0), list = root ? list_of(root) : NULL;
	int r = -EBADMSG;

	if (list && list->u.array.len > 0) {
		size_t at = student_random(student, (unsigned)list->u.array.len);

		id = YAJL_GET_STRING(yajl_tree_get(list->u.array.values[at], path, yajl_t_string));
		if (id && strlen(id) == 64) {
			(void)snprintf(student->asset_id, sizeof(student->asset_id), "%s", id);
			r = 0;
		}
	}
	yajl_tree_free(root);
	return r;
}

static int take_asset(struct student *student, const struct http_answer *answer)
{
	struct result *result = student->course->result;

	if (answer->size == 0 || strcmp(answer->sha256, student->asset_id) != 0)
		return -EBADMSG;
	result_between(result, STEP_ASSET, student->intended_us, answer->first_byte_us, NULL);
	result->bytes += answer->size;
	return 0;
}

static int take_map(struct student *student, const struct http_answer *answer)
{
	CLEANUP_JSON struct json *json = json_parse(answer->body, answer->size);
	double size = 0;

	if (!json || !json_number(json, "size", &size) || size < 1 || size > 65536)
		return -EBADMSG;
	student->course->map_size = (unsigned)size;
	return 0;
}

static int take(struct student *student, const struct http_answer *answer)
{
	switch (student->stage) {
	case STAGE_CONFIG:
		return take_config(student, answer);
	case STAGE_LOGIN:
		return take_token(student, answer);
	case STAGE_LIST:
		return take_list(student, answer);
	case STAGE_ASSET:
		return take_asset(student, answer);
	case STAGE_MAP:
		return take_map(student, answer);
	default:
		return answer->size > 0 ? 0 : -EBADMSG;
	}
}

/* ---- one after the other ----------------------------------------------------------------------------------------- */

static void stage_done(struct student *student)
{
	/* looks around for a moment between two steps */
	uint64_t next = clock_us() + 100000 + student_random(student, 400000);

	switch (student->stage) {
	case STAGE_LIST:
		stage_begin(student, STAGE_ASSET, next);
		break;
	case STAGE_ASSET:
		/* the list is asked for before each: which assets there are may have changed */
		stage_begin(student,
			    ++student->fetched < student->course->options->assets ? STAGE_LIST
										  : STAGE_MAP,
			    next);
		if (student->stage == STAGE_MAP)
			student->ready_us = next;
		break;
	case STAGE_HEIGHT:
		stage_begin(student, STAGE_PLAY, clock_us());
		break;
	case STAGE_MAP:
		stage_begin(student, STAGE_HEIGHT, clock_us());
		break;
	default:
		stage_begin(student, student->stage + 1, next);
	}
}

static void on_answer(void *ctx, const struct http_answer *answer)
{
	struct student *student = ctx;
	struct course *course = student->course;
	enum step step = stages[student->stage].step;
	uint64_t now = clock_us();
	char words[WORDS_MAX];

	if (course->over || student->stage == STAGE_DROPPED)
		return;
	if (answer->ok && take(student, answer) == 0) {
		result_ok(course->result, step, student->intended_us, answer->replica);
		stage_done(student);
		return;
	}
	(void)snprintf(words, sizeof(words), "%s: %s%s%.90s", student->name,
		       answer->ok ? "an answer that cannot be used" : answer->words,
		       *answer->body ? ": " : "", answer->body);
	words[strcspn(words, "\r\n")] = '\0';
	result_failed(course->result, step, answer->ok ? KIND_WRONG : answer->kind, words);
	if (now - student->intended_us > GIVE_UP_US) {
		student_drop(student, stages[student->stage].service);
		return;
	}
	timer_at(course->loop, &student->timer,
		 now + (uint64_t)(backoff_s(student, student->tries++) * 1e6));
}

/* ---- the class --------------------------------------------------------------------------------------------------- */

static int student_init(struct student *student, struct course *course, unsigned number)
{
	const struct options *options = course->options;

	student->course = course;
	student->number = number;
	student->random = (uint64_t)options->seed * 1000003 + number;
	(void)snprintf(student->name, sizeof(student->name), "student%u", number);
	/* the next room when one is full */
	if (number <= options->room_size || options->room_size == 0)
		(void)snprintf(student->room, sizeof(student->room), "%s", options->room);
	else
		(void)snprintf(student->room, sizeof(student->room), "%.20s-%u", options->room,
			       (number - 1) / options->room_size);
	(void)snprintf(student->login.host, sizeof(student->login.host), "%s", options->host);
	student->login.port = options->port;
	student->has_page = number * options->pages / 100 > (number - 1) * options->pages / 100;
	ev_init(&student->timer, on_timer);
	student->timer.data = student;
	live_init(student);
	page_init(student);
	game_init(&student->play, student);
	return http_new(course->loop, on_answer, student, &student->http);
}

int course_new(struct course *course, struct ev_loop *loop, const struct options *options,
	       struct result *result)
{
	int r;

	memset(course, 0, sizeof(*course));
	course->loop = loop;
	course->options = options;
	course->result = result;
	course->map_size = 64;
	result->students = options->students;
	course->students = calloc(options->students, sizeof(*course->students));
	if (!course->students)
		return -ENOMEM;
	r = sockets_new(loop, &course->sockets);
	for (unsigned i = 0; r == 0 && i < options->students; i++)
		r = student_init(&course->students[i], course, i + 1);
	return r;
}

/* spread over the ramp, each at a chance time of his part of it */
void course_begin(struct course *course)
{
	const struct options *options = course->options;
	double part = options->ramp * 1e6 / options->students;

	course->result->begin_us = clock_us();
	for (unsigned i = 0; i < options->students; i++) {
		struct student *student = &course->students[i];
		double at = part * (i + student_random(student, 1000) / 1000.0);

		stage_begin(student, STAGE_CONFIG, course->result->begin_us + (uint64_t)at);
	}
}

void course_finished(struct course *course)
{
	if (++course->finished == course->options->students)
		ev_feed_event(course->loop, &course->end, EV_TIMER);
}

void course_over(struct course *course)
{
	struct result *result = course->result;

	course->over = true;
	result->seen_least = UINT32_MAX;
	for (unsigned i = 0; i < course->options->students; i++) {
		struct student *student = &course->students[i];
		unsigned seen = student->play.seen;

		ev_timer_stop(course->loop, &student->timer);
		talk_stop(student);
		game_stop(&student->play);
		if (!student->play.has_joined)
			continue;
		if (seen < result->seen_least)
			result->seen_least = seen;
		if (seen > result->seen_most)
			result->seen_most = seen;
	}
	if (result->seen_least > result->seen_most)
		result->seen_least = 0;
}

void course_leave(struct course *course)
{
	for (unsigned i = 0; i < course->options->students; i++) {
		game_leave(&course->students[i].play);
		seat_leave(&course->students[i].live);
		seat_leave(&course->students[i].page);
	}
}

void course_free(struct course *course)
{
	for (unsigned i = 0; course->students && i < course->options->students; i++)
		http_free(course->students[i].http);
	sockets_free(course->sockets);
	free(course->students);
	course->students = NULL;
}
