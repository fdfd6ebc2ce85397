#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sample.py SOCKET PROJECT FILE - once a second, what carte-scale's /metrics says of a project's services, as a line of JSON, until a signal.

{"at": UNIX-TIME, "busy_s": S, "services": {NAME: {"ready": N, "desired": N, "cpu_s": S, "memory": BYTES, "restarts": N}}}; cpu_s and memory are sums over the
replicas that are there, so cpu_s falls when one goes; busy_s is of all processors of the host, since it started.
"""
import json
import os
import re
import signal
import socket
import sys
import time

LINE = re.compile(r"(carte_[a-z_]+)\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def scrape(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: carte\r\nConnection: close\r\n\r\n")
        data = b""
        while part := s.recv(65536):
            data += part
    return data.decode()


def sample(text, project):
    services = {}
    for name, labels, value in LINE.findall(text):
        labels = dict(LABEL.findall(labels))
        if labels.get("project") != project:
            continue
        service = services.setdefault(labels["service"], {"ready": 0, "desired": 0, "cpu_s": 0.0, "memory": 0, "restarts": 0})
        value = float(value)
        if name == "carte_replicas" and labels.get("state") == "ready":
            service["ready"] = int(value)
        elif name == "carte_replicas_desired":
            service["desired"] = int(value)
        elif name == "carte_replica_cpu_seconds_total":
            service["cpu_s"] += value
        elif name == "carte_replica_memory_bytes":
            service["memory"] += int(value)
        elif name == "carte_replica_restarts_total":
            service["restarts"] += int(value)
    return services


def busy():
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def main():
    path, project, out = sys.argv[1:]
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(True))
    due = time.monotonic()
    with open(out, "w", encoding="utf-8") as file:
        while not ended:
            try:
                print(json.dumps({"at": time.time(), "busy_s": busy(), "services": sample(scrape(path), project)}), file=file, flush=True)
            except OSError as error:
                print(json.dumps({"at": time.time(), "error": str(error)}), file=file, flush=True)
            due += 1
            time.sleep(max(0, due - time.monotonic()))


main()
