/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_wire.h - what carte-runtime and its helper carte-systemd say to each other.
 *
 * D-Bus stays out of the runtime: the helper waits for systemd while the runtime does
 * other work, may be ended by a signal when its time is up, and has a geteuid(2) of its
 * own (client.c). It does one thing on the bus per run. Its arguments are "system" or "user", the
 * bus, which it connects to at once; who we are for that; and how many seconds it may
 * take to connect, and to do what is asked. It reads a request from stdin and writes
 * an answer to stdout. The pids may come later than the rest, which is made ready for them
 * meanwhile; that takes none of the time. An empty request, from a runtime
 * that has ended, gets no answer. Both are strings, each ended by a NUL:
 *
 *   request: WIRE_MAGIC, operation, unit,
 *            number of properties, for each: name, D-Bus signature, "1" when
 *            systemd may not know it, number of values, values
 *            number of pids, pids (operations "start" and "attach")
 *   answer:  "ok", the unit's control group (operation "start"; else empty)
 *            "error", errno, words
 */
#ifndef CARTE_RUNTIME_CGROUP_SYSTEMD_WIRE_H
#define CARTE_RUNTIME_CGROUP_SYSTEMD_WIRE_H

#define WIRE_MAGIC "carte-systemd 4"
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
