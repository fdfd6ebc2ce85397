/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - options, the time of the class, and what is printed at its end.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/opts.h"
#include "class.h"

#define FILES 16384      /* open ones; libwebsockets has a table of them */
#define LATE_ANSWERS 1.0 /* seconds for what is under way when the class is over */
#define GOOD_BYE 0.5
#define LINE_SECONDS 10

static const struct opt table[] = {
	{ "host", 0, OPT_STRING, offsetof(struct options, host), "ADDRESS",
	  "of login, as digits; default: 127.0.0.1" },
	{ "port", 0, OPT_U32, offsetof(struct options, port), "N",
	  "of login; default: 8001. It tells where the others are" },
	{ "students", 0, OPT_U32, offsetof(struct options, students), "N",
	  "how many come: student1 and so on; default: 80" },
	{ "ramp", 0, OPT_U32, offsetof(struct options, ramp), "SECONDS",
	  "all have come by then; default: 180" },
	{ "for", 0, OPT_U32, offsetof(struct options, seconds), "SECONDS",
	  "how long the class is, from the first one on; default: 300" },
	{ "seed", 0, OPT_U32, offsetof(struct options, seed), "N",
	  "of all that is by chance; default: 1" },
	{ "rate", 0, OPT_U32, offsetof(struct options, rate), "HZ",
	  "positions of each student in a second; default: 20" },
	{ "assets", 0, OPT_U32, offsetof(struct options, assets), "N",
	  "that each fetches; default: 3" },
	{ "positions", 0, OPT_U32, offsetof(struct options, positions), "N",
	  "the class is over when each has sent so many; default: 0, only the time counts" },
	{ "silence", 0, OPT_U32, offsetof(struct options, silence), "MS",
	  "a game that has not answered for so long is left; default: 500" },
	{ "pages", 0, OPT_U32, offsetof(struct options, pages), "PERCENT",
	  "of the students have the page open too, and chat; default: 20" },
	{ "map", 0, OPT_STRING, offsetof(struct options, map), "NAME", "the map; default: class" },
	{ "room", 0, OPT_STRING, offsetof(struct options, room), "NAME",
	  "the room; default: class" },
	{ "room-size", 0, OPT_U32, offsetof(struct options, room_size), "N",
	  "students of a room; default: 80. Those beyond are in NAME-1, NAME-2, ..." },
	{ "password", 0, OPT_STRING, offsetof(struct options, password), "TEXT",
	  "of all students; default: a-long-password" },
	{ "json", 0, OPT_STRING, offsetof(struct options, json), "FILE",
	  "write the result there, as JSON" },
	{ "limits", 0, OPT_FLAG, offsetof(struct options, limits), NULL,
	  "exit with 1 when a limit is broken" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct options, quiet), NULL,
	  "say nothing while the class is on" },
	{ 0 },
};

static const struct opt_command command = {
	"loadtest", "[OPTIONS]", "a class that comes, plays and leaves", table, -1, 0, 0
};

struct course {
	struct class class;
	struct result result;
	struct options options;
	struct ev_loop *loop;
	ev_timer second;
	ev_signal interrupt, terminate;
	unsigned seconds;
	bool leaving;
};

static void on_second(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct course *course = timer->data;
	const struct second *last;

	(void)loop;
	(void)events;
	result_second(&course->result, course->class.online);
	course->seconds++;
	if (course->options.quiet || course->seconds % LINE_SECONDS != 0 ||
	    !course->result.seconds_len)
		return;
	last = &course->result.seconds[course->result.seconds_len - 1];
	fprintf(stderr,
		"%4u s: %u in the game, round trip p99 %.2f ms, %llu positions lost, %llu "
		"failures\n",
		course->seconds, last->online, (double)last->move_p99 / 1000,
		(unsigned long long)(course->result.lost + course->result.lost_with_replica),
		(unsigned long long)course->result.before.failed);
}

static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct course *course = timer->data;

	(void)events;
	ev_timer_stop(loop, timer); /* before its time, when all have finished or a signal came */
	if (!course->class.over) {
		ev_timer_stop(loop, &course->second);
		class_over(&course->class);
		ev_timer_set(timer, LATE_ANSWERS, 0);
	} else if (!course->leaving) {
		course->leaving = true;
		class_leave(&course->class);
		ev_timer_set(timer, GOOD_BYE, 0);
	} else {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	ev_timer_start(loop, timer);
}

/* the class ends early, in order */
static void on_signal(struct ev_loop *loop, ev_signal *watch, int events)
{
	struct course *course = watch->data;

	(void)events;
	if (!course->class.over)
		ev_feed_event(loop, &course->class.end, EV_TIMER);
}

static void course_run(struct course *course)
{
	struct ev_loop *loop = course->loop;

	ev_timer_init(&course->second, on_second, 1, 1);
	ev_timer_init(&course->class.end, on_end, course->options.seconds, 0);
	ev_signal_init(&course->interrupt, on_signal, SIGINT);
	ev_signal_init(&course->terminate, on_signal, SIGTERM);
	course->second.data = course->class.end.data = course->interrupt.data =
		course->terminate.data = course;
	class_begin(&course->class);
	ev_now_update(loop);
	ev_timer_start(loop, &course->second);
	ev_timer_start(loop, &course->class.end);
	ev_signal_start(loop, &course->interrupt);
	ev_signal_start(loop, &course->terminate);
	ev_run(loop, 0);
	ev_signal_stop(loop, &course->interrupt);
	ev_signal_stop(loop, &course->terminate);
}

static int write_json(const struct course *course, struct oci_error *err)
{
	FILE *out = fopen(course->options.json, "we");

	if (!out)
		return err_sys(err, errno, "%s", course->options.json);
	report_json(&course->result, out);
	if (ferror(out) | fclose(out))
		return err_sys(err, errno ? errno : EIO, "%s", course->options.json);
	return 0;
}

static int check(const struct options *options, struct oci_error *err)
{
	if (options->students < 1 || options->students > 4000)
		return err_set(err, EINVAL, "--students: from 1 to 4000");
	if (options->seconds < 1 || options->seconds > 86400 || options->ramp > options->seconds)
		return err_set(err, EINVAL, "--for: from 1 to 86400, and not shorter than --ramp");
	if (options->rate < 1 || options->rate > 1000)
		return err_set(err, EINVAL, "--rate: from 1 to 1000");
	if (options->room_size < 1)
		return err_set(err, EINVAL, "--room-size: at least 1");
	if (options->pages > 100)
		return err_set(err, EINVAL, "--pages: from 0 to 100");
	if (options->assets < 1)
		return err_set(err, EINVAL, "--assets: at least 1");
	return 0;
}

static int read_options(struct options *options, int argc, char **argv, struct oci_error *err)
{
	char **operands = NULL;
	int count = 0, r;

	*options = (struct options){ .host = "127.0.0.1",
				     .port = 8001,
				     .students = 80,
				     .ramp = 180,
				     .seconds = 300,
				     .seed = 1,
				     .rate = 20,
				     .assets = 3,
				     .pages = 20,
				     .silence = 500,
				     .room_size = 80,
				     .map = "class",
				     .room = "class",
				     .password = "a-long-password" };
	r = opt_parse(&command, argc, argv, options, &operands, &count, err);
	return r != 0 ? r : check(options, err);
}

static int run(struct course *course, struct oci_error *err)
{
	struct rlimit files = { 0 };
	int r;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return err_set(err, ENOMEM, "libcurl cannot be used");
	course->loop = ev_default_loop(EVBACKEND_EPOLL);
	if (!course->loop)
		return err_set(err, ENOSYS, "no epoll");
	r = result_new(&course->result, course->options.seconds + 1);
	if (r == 0)
		r = class_new(&course->class, course->loop, &course->options, &course->result);
	if (r < 0)
		return err_sys(err, -r, "prepare the class");
	course_run(course);
	return course->options.json ? write_json(course, err) : 0;
}

int main(int argc, char **argv)
{
	static struct course course;
	struct oci_error err = { 0 };
	bool kept;
	int r = read_options(&course.options, argc, argv, &err);

	if (r > 0) {
		opt_print_help(&command, command.name, stdout);
		return 0;
	}
	if (r == 0)
		r = run(&course, &err);
	if (r < 0) {
		fprintf(stderr, "loadtest: %s\n", err.message);
		return 2;
	}
	report_text(&course.result, stdout);
	putchar('\n');
	kept = report_limits(&course.result, stdout);
	class_free(&course.class);
	result_free(&course.result);
	return course.options.limits && !kept ? 1 : 0;
}
