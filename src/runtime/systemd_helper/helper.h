/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.h - what the files of carte-systemd share.
 */
#ifndef CARTE_SYSTEMD_HELPER_H
#define CARTE_SYSTEMD_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#include <systemd/sd-bus.h>

#include <ocispec-lite/error.h>

struct property {
	const char *name;
	const char *signature;
	const char **values;
	size_t values_len;
	bool optional;
	bool left_out; /* this systemd does not know it */
};

/** struct request - parsed from stdin; all point into its text. */
struct request {
	const char *operation;
	bool user_bus;
	unsigned seconds;
	const char *unit;
	struct property *properties;
	size_t properties_len;
	const char **pids;
	size_t pids_len;
};

/** request_parse - @text is not copied and ends with a NUL. */
int request_parse(char *text, size_t length, struct request *ret, struct oci_error *err);

/** property_append - one (sv) of a message. 0 or -errno; -EINVAL: a value does not fit its signature. */
int property_append(sd_bus_message *message, const struct property *property);

/** bus_connect - @ret_direct: to systemd itself, no bus between. -ENOTCONN: there is none. */
int bus_connect(bool user_bus, sd_bus **ret, bool *ret_direct, struct oci_error *err);

/** operate - do what the request asks. @ret_answer: malloc'ed, or NULL for nothing to say. */
int operate(sd_bus *bus, bool direct, struct request *request, char **ret_answer,
	    struct oci_error *err);

#endif
