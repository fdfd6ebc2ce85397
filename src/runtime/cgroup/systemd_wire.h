/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_wire.h - what carte-runtime and its helper carte-systemd say to each other.
 *
 * The runtime is a static program and cannot load libsystemd, so a helper that
 * is linked to it does one thing on the bus per run: its one argument
 * names the bus, which it connects to at once; it reads a request from stdin until
 * the end of file and writes an answer to stdout. An empty request, from a runtime
 * that has ended, gets no answer. Both are strings, each ended by a NUL:
 *
 *   request: WIRE_MAGIC, operation, "system" or "user", seconds to live, unit,
 *            number of properties, for each: name, D-Bus signature, "1" when
 *            systemd may not know it, number of values, values
 *            number of pids, pids (operation "attach" only uses these)
 *   answer:  "ok", the unit's control group (operation "start"; else empty)
 *            "error", errno, words
 */
#ifndef CARTE_RUNTIME_CGROUP_SYSTEMD_WIRE_H
#define CARTE_RUNTIME_CGROUP_SYSTEMD_WIRE_H

#define WIRE_MAGIC "carte-systemd 2"
#define WIRE_REQUEST_MAX (4u << 20)
#define WIRE_ANSWER_MAX (16u << 10)

#define WIRE_START "start"   /* a transient unit; waits for its job */
#define WIRE_SET "set"       /* properties of a unit, until it goes */
#define WIRE_STOP "stop"     /* waits for its job, forgets a failed unit; none there is no error */
#define WIRE_ATTACH "attach" /* processes into the unit's cgroup */

#define WIRE_SYSTEM "system"
#define WIRE_USER "user"

#define WIRE_OK "ok"
#define WIRE_ERROR "error"

#endif
