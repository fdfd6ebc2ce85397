/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - options, the time of the class, and what is printed at its end.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/opts.h"
#include "course.h"

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
	  "a game that has not answered for so long is left; default: 2000" },
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
	  "exit with 1 when a limit is broken, 4 when it is one of latency, 3 when the generator "
	  "was late itself" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct options, quiet), NULL,
	  "say nothing while the class is on" },
	{ 0 },
};

static const struct opt_command command = {
	"loadtest", "[OPTIONS]", "a class that comes, plays and leaves", table, -1, 0, 0
};

struct session {
	struct course course;
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
	struct session *session = timer->data;
	const struct second *last;

	(void)loop;
	(void)events;
	result_second(&session->result, session->course.online);
	session->seconds++;
	if (session->options.quiet || session->seconds % LINE_SECONDS != 0 ||
	    !session->result.seconds_len)
		return;
	last = &session->result.seconds[session->result.seconds_len - 1];
	fprintf(stderr,
		"%4u s: %u in the game, round trip p99 %.2f ms, %" PRIu64
		" positions lost, %" PRIu64 " "
		"failures\n",
		session->seconds, last->online, (double)last->move_p99 / 1000,
		session->result.lost + session->result.lost_with_replica,
		session->result.before.failed);
}

static void on_end(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct session *session = timer->data;

	(void)events;
	ev_timer_stop(loop, timer); /* before its time, when all have finished or a signal came */
	if (!session->course.over) {
		ev_timer_stop(loop, &session->second);
		course_over(&session->course);
		ev_timer_set(timer, LATE_ANSWERS, 0);
	} else if (!session->leaving) {
		session->leaving = true;
		course_leave(&session->course);
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
	struct session *session = watch->data;

	(void)events;
	if (!session->course.over)
		ev_feed_event(loop, &session->course.end, EV_TIMER);
}

static void session_run(struct session *session)
{
	struct ev_loop *loop = session->loop;

	ev_timer_init(&session->second, on_second, 1, 1);
	ev_timer_init(&session->course.end, on_end, session->options.seconds, 0);
	ev_signal_init(&session->interrupt, on_signal, SIGINT);
	ev_signal_init(&session->terminate, on_signal, SIGTERM);
	session->second.data = session->course.end.data = session->interrupt.data =
		session->terminate.data = session;
	course_begin(&session->course);
	ev_now_update(loop);
	ev_timer_start(loop, &session->second);
	ev_timer_start(loop, &session->course.end);
	ev_signal_start(loop, &session->interrupt);
	ev_signal_start(loop, &session->terminate);
	ev_run(loop, 0);
	ev_signal_stop(loop, &session->interrupt);
	ev_signal_stop(loop, &session->terminate);
}

static double cpu_seconds(void)
{
	struct rusage use = { 0 };

	(void)getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static int write_json(const struct session *session, struct oci_error *err)
{
	FILE *out = fopen(session->options.json, "we");

	if (!out)
		return err_sys(err, errno, "%s", session->options.json);
	report_json(&session->result, out);
	if (ferror(out) | fclose(out))
		return err_sys(err, errno ? errno : EIO, "%s", session->options.json);
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
				     .silence = 2000,
				     .room_size = 80,
				     .map = "class",
				     .room = "class",
				     .password = "a-long-password" };
	r = opt_parse(&command, argc, argv, options, &operands, &count, err);
	return r != 0 ? r : check(options, err);
}

static int run(struct session *session, struct oci_error *err)
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
	session->loop = ev_default_loop(EVBACKEND_EPOLL);
	if (!session->loop)
		return err_set(err, ENOSYS, "no epoll");
	r = result_new(&session->result, session->options.seconds + 1);
	if (r == 0)
		r = course_new(&session->course, session->loop, &session->options,
			       &session->result);
	if (r < 0)
		return err_sys(err, -r, "prepare the class");
	session_run(session);
	session->result.cpu_s = cpu_seconds();
	return session->options.json ? write_json(session, err) : 0;
}

int main(int argc, char **argv)
{
	static struct session session;
	struct oci_error err = { 0 };
	enum verdict verdict;
	int r = read_options(&session.options, argc, argv, &err);

	if (r > 0) {
		opt_print_help(&command, command.name, stdout);
		return 0;
	}
	if (r == 0)
		r = run(&session, &err);
	if (r < 0) {
		fprintf(stderr, "loadtest: %s\n", err.message);
		return 2;
	}
	report_text(&session.result, stdout);
	putchar('\n');
	verdict = report_limits(&session.result, stdout);
	course_free(&session.course);
	result_free(&session.result);
	return session.options.limits ? (int)verdict : 0;
}
