/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map - the maps of the class, and the world that they lie in.
 *
 * One event loop of libwebsockets for everything but what waits for the disk: a thread loads the world, another one replaces
 * documents (saver.h). Signals, the two threads and the folder of the maps report to the loop by descriptors.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not base/error.h: its ERR_STATE is a type of OpenSSL, which libwebsockets.h includes. */
#include <ocispec-lite/error.h>

#include "map/api.h"

#define DESCRIPTORS_MAX 4096 /* libwebsockets makes room for as many as may be open */
#define MOVE_STEP_US 100000  /* while it drains */
#define WORLD_MB_MAX 1024

struct options {
	struct server_options server;
	uint32_t world_mb;
	const char *data;
};

struct map {
	struct api api;
	struct options options;
	struct lws_context *context;
	struct lws_vhost *vhost;
	int watch;  /* inotify(7) of the maps */
	int loaded; /* eventfd(2) of the loader */
	int load_result;
	bool is_loaded; /* the loader has ended */
	bool ends;
	double drained_at; /* when it ends in any case */
	unsigned per_step; /* users to be moved */
	lws_sorted_usec_list_t ready, drain;
};

/* Of a connection. */
struct session {
	struct call *call;
	struct user *user;
};

static struct map map = {
	.options = { .server = { .port = 8003, .drain = 10 }, .world_mb = 64 },
	.watch = -1,
	.loaded = -1,
};

static const struct opt rows[] = {
	SERVER_OPTS(struct options, server),
	{ "data", 0, OPT_STRING, offsetof(struct options, data), "DIR",
	  "where the maps and the world are (DATA_DIR; default: /data)" },
	{ "world-mb", 0, OPT_U32, offsetof(struct options, world_mb), "MB",
	  "size of the height map, which is made when it is missing (WORLD_MB; default: 64)" },
	{ .name = NULL },
};

static const struct opt_command command = {
	.name = "map",
	.usage = "[OPTIONS]",
	.summary = "The maps of the class, and the world that they lie in.",
	.opts = rows,
	.positional_after = -1,
};

/* libwebsockets goes on to sleep after a timer's callback, unless it is woken. */
static void end(void)
{
	map.ends = true;
	lws_cancel_service(map.context);
}

/* ---- the start ---- */

static void *load(void *arg)
{
	(void)arg;
	map.load_result = world_load(&map.api.world, map.options.data, map.options.world_mb);
	(void)eventfd_write(map.loaded, 1);
	return NULL;
}

static void on_ready(lws_sorted_usec_list_t *timer)
{
	(void)timer;
	server_set_ready(&map.api.server);
	server_say(&map.api.server, "ready: a world of %u x %u cells", map.api.world.side,
		   map.api.world.side);
}

static void on_loaded(void)
{
	eventfd_t n;

	(void)eventfd_read(map.loaded, &n);
	map.is_loaded = true;
	if (map.load_result < 0) {
		server_say(&map.api.server, "%s/world.raw: %s", map.options.data,
			   strerror(-map.load_result));
		end();
		return;
	}
	lws_sul_schedule(map.context, 0, &map.ready, on_ready,
			 (lws_usec_t)map.options.server.startup_delay * 1000);
}

/* ---- the end ---- */

static void on_drain(lws_sorted_usec_list_t *timer)
{
	bool is_idle =
		atomic_load(&map.api.metrics.sessions) == 0 && saver_pending(map.api.saver) == 0;

	if (is_idle || clock_seconds() >= map.drained_at) {
		end();
		return;
	}
	live_move(map.api.live, map.per_step);
	lws_sul_schedule(map.context, 0, timer, on_drain, MOVE_STEP_US);
}

/* The users are sent away over half of the time, so that they do not all come to the next replica at once. */
static void on_signal(void)
{
	double steps = map.options.server.drain * 1e6 / 2 / MOVE_STEP_US;
	bool was_starting = server_state(&map.api.server) == SERVER_STARTING;

	if (map.drained_at > 0 || !server_wait(&map.api.server, 0))
		return;
	server_say(&map.api.server, "draining");
	map.drained_at = clock_seconds() + map.options.server.drain;
	map.per_step = (unsigned)(live_users(map.api.live) / (steps < 1 ? 1 : steps)) + 1;
	if (was_starting)
		end();
	else
		on_drain(&map.drain);
}

/* ---- events ---- */

/* "NAME.json" was replaced, or "NAME.VERSION.log" has grown */
static void on_file(char *name)
{
	char *dot = strchr(name, '.');

	if (!dot || dot == name)
		return;
	*dot = '\0';
	live_changed(map.api.live, name);
}

static void on_watch(void)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	ssize_t got = read(map.watch, &buffer, sizeof(buffer));

	for (ssize_t at = 0; at < got;) {
		struct inotify_event *event = (struct inotify_event *)(void *)(buffer.bytes + at);

		if (event->mask & IN_Q_OVERFLOW)
			live_changed(map.api.live, NULL);
		else if (event->len > 0)
			on_file(event->name);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

static void on_descriptor(const void *which)
{
	if (which == &map.api.server.signals)
		on_signal();
	else if (which == &map.loaded)
		on_loaded();
	else if (which == &map.watch)
		on_watch();
	else
		(void)saver_collect(map.api.saver);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	(void)user;
	(void)in;
	(void)length;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		on_descriptor(lws_get_opaque_user_data(wsi));
	return 0;
}

/* libwebsockets closes what it has adopted, so it gets a copy. */
static int watch(int fd, const void *which, struct oci_error *err)
{
	lws_sock_file_fd_type copy = { .filefd = dup(fd) };
	struct lws *wsi;

	if (copy.filefd < 0)
		return oci_error_sys(err, errno, "dup");
	wsi = lws_adopt_descriptor_vhost(map.vhost, LWS_ADOPT_RAW_FILE_DESC, copy, "event", NULL);
	if (!wsi)
		return oci_error_set(err, ENOMEM, "libwebsockets does not take a descriptor");
	lws_set_opaque_user_data(wsi, (void *)which);
	return 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, struct session *session,
		   void *in, size_t length)
{
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return api_begin(&map.api, wsi, &session->call);
	case LWS_CALLBACK_HTTP_BODY:
		return session->call ? api_body(session->call, in, length) : -1;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return session->call ? api_complete(session->call) : -1;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return session->call ? api_writable(session->call) : 0;
	case LWS_CALLBACK_TIMER:
		if (session->call)
			api_stalled(session->call);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return strcasecmp(in, "websocket") == 0 ? api_upgrade(&map.api, wsi) : -1;
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_CLOSED_HTTP:
		if (session && session->call) {
			api_end(session->call);
			session->call = NULL;
		}
		return 0;
	default:
		return 0;
	}
}

static int add_headers(struct lws *wsi, struct lws_process_html_args *args)
{
	const unsigned char *replica = (const unsigned char *)map.api.server.replica;
	unsigned char **at = (unsigned char **)&args->p;

	return lws_add_http_header_by_name(wsi, (const unsigned char *)"x-replica:", replica,
					   (int)strlen(map.api.server.replica), at,
					   *at + args->max_len);
}

static int on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t length)
{
	struct session *session = user;

	switch (reason) {
	case LWS_CALLBACK_ADD_HEADERS:
		return add_headers(wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return api_join(&map.api, wsi, &session->user);
	case LWS_CALLBACK_RECEIVE:
		return session->user
			       ? live_receive(session->user, in, length, lws_frame_is_binary(wsi))
			       : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return session->user ? live_writable(session->user) : -1;
	case LWS_CALLBACK_CLOSED:
		if (session->user) {
			live_leave(session->user);
			session->user = NULL;
			metrics_sessions(&map.api.metrics, -1);
		}
		return 0;
	default:
		return on_http(wsi, reason, session, in, length);
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = "map",
	  .callback = on_connection,
	  .per_session_data_size = sizeof(struct session),
	  .rx_buffer_size = 4096,
	  .tx_packet_size = 65536 },
	{ .name = "event", .callback = on_event },
	{ .name = NULL },
};

/* ---- main ---- */

static void log_line(int level, const char *line)
{
	(void)level;
	server_say(&map.api.server, "%.*s", (int)strcspn(line, "\n"), line);
}

static int listen_on(uint32_t port, struct oci_error *err)
{
	static const lws_retry_bo_t idle = { .secs_since_valid_ping = 20,
					     .secs_since_valid_hangup = 45 };
	struct lws_context_creation_info info = {
		.port = (int)port,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6,
		.gid = -1,
		.uid = -1,
		.timeout_secs = 20,
		.keepalive_timeout = 20,
		.retry_and_idle_policy = &idle,
		.vhost_name = "map",
	};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > DESCRIPTORS_MAX) {
		files.rlim_cur = DESCRIPTORS_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	lws_set_log_level(LLL_ERR, log_line);
	map.context = lws_create_context(&info);
	if (!map.context)
		return oci_error_set(err, ENOMEM, "libwebsockets does not start");
	map.vhost = lws_create_vhost(map.context, &info);
	if (!map.vhost || lws_get_vhost_listen_port(map.vhost) <= 0)
		return oci_error_set(err, EADDRINUSE,
				     "port %u: cannot listen; --port takes another one", port);
	server_say(&map.api.server, "listening on port %d", lws_get_vhost_listen_port(map.vhost));
	return 0;
}

static int open_files(struct oci_error *err)
{
	int r = store_open(&map.api.store, map.options.data, err);

	if (r == 0)
		r = saver_start(map.options.data, &map.api.saver, err);
	if (r < 0)
		return r;
	map.api.live = live_new(&map.api.store, map.api.saver, map.api.server.replica);
	if (!map.api.live)
		return oci_error_set(err, ENOMEM, "out of memory");
	map.loaded = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	map.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (map.loaded < 0 || map.watch < 0)
		return oci_error_sys(err, errno, "inotify_init1");
	return 0;
}

static int watch_maps(struct oci_error *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/maps", map.options.data);
	if (inotify_add_watch(map.watch, path, IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return oci_error_sys(err, errno, "watch %s", path);
	return 0;
}

static int watch_all(struct oci_error *err)
{
	int r = watch_maps(err);

	if (r == 0)
		r = watch(map.watch, &map.watch, err);
	if (r == 0)
		r = watch(map.loaded, &map.loaded, err);
	if (r == 0)
		r = watch(map.api.server.signals, &map.api.server.signals, err);
	if (r == 0)
		r = watch(saver_fd(map.api.saver), &map.api.saver, err);
	return r;
}

static int serve(struct oci_error *err)
{
	pthread_t loader;
	int r = pthread_create(&loader, NULL, load, NULL);

	if (r != 0)
		return oci_error_sys(err, r, "pthread_create");
	while (!map.ends && lws_service(map.context, 0) >= 0)
		;
	if (!map.is_loaded)
		return 0; /* it may wait for another replica that makes the world: it ends with the process */
	(void)pthread_join(loader, NULL);
	return map.load_result < 0
		       ? oci_error_set(err, -map.load_result, "there is no world to serve")
		       : 0;
}

static int run(struct oci_error *err)
{
	int r = token_key_load(&map.api.key, err);

	metrics_init(&map.api.metrics);
	if (r == 0)
		r = open_files(err);
	if (r == 0)
		r = listen_on(map.options.server.port, err);
	if (r == 0)
		r = watch_all(err);
	if (r == 0)
		r = serve(err);
	if (map.context)
		lws_context_destroy(map.context);
	saver_stop(map.api.saver);
	live_free(map.api.live);
	listing_clear(&map.api.listing);
	store_close(&map.api.store);
	if (map.is_loaded)
		world_free(&map.api.world);
	return r;
}

int main(int argc, char **argv)
{
	const struct server_variable more[] = { { "WORLD_MB", &map.options.world_mb },
						{ NULL, NULL } };
	const char *data = getenv("DATA_DIR");
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	map.options.data = data && *data ? data : "/data";
	r = server_init(&map.api.server, &command, &map.options, &map.options.server, more, argc,
			argv, &err);
	if (r > 0)
		return EXIT_SUCCESS;
	if (r == 0 && (map.options.world_mb < 1 || map.options.world_mb > WORLD_MB_MAX))
		r = oci_error_set(&err, EINVAL, "--world-mb %u: 1 to %d are possible",
				  map.options.world_mb, WORLD_MB_MAX);
	if (r == 0)
		r = run(&err);
	if (r < 0)
		(void)fprintf(stderr, "map: %s\n", err.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
