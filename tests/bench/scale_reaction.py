#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scale_reaction.py N - N times: kill -9 a replica's init; milliseconds until a new one is ready, and until the old one was dead.

Ready is what an observer sees: a new process of the program listens on its port (in its network namespace). Dead is when the kernel tells whoever
waits for it, before which nobody can react. Each replica is killed once, so that no restart policy's back-off is in it. One line each.
"""
import os
import random
import select
import signal
import sys
import time

PORT = "0050"  # of /proc/net/tcp: 80


def programs(above=0):
    """Process numbers of the program; the numbers of a machine of its own, so young that they do not wrap."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) <= above:
            continue
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().startswith(b"/usr/bin/web"):
                    found.add(int(pid))
        except OSError:
            pass
    return found


def listens(pid):
    try:
        with open(f"/proc/{pid}/net/tcp") as file:
            return any(line.split()[1].endswith(":" + PORT) and line.split()[3] == "0A" for line in file.readlines()[1:])
    except (OSError, IndexError):
        return False


count = int(sys.argv[-1])
victims = sorted(programs())
for victim in random.sample(victims, min(count, len(victims))):
    highest = max(map(int, filter(str.isdigit, os.listdir("/proc"))))
    waiting = select.poll()
    handle = os.pidfd_open(victim)
    waiting.register(handle, select.POLLIN)
    begin = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    waiting.poll(30000)
    dead = time.monotonic()
    new = 0
    while time.monotonic() - begin < 30:
        if not new:
            new = next(iter(programs(highest)), 0)
        if new and listens(new):
            break
        time.sleep(0.0003)
    else:
        print("no new replica within 30 s")
        sys.exit(1)
    print(f"{(time.monotonic() - begin) * 1000:.1f} {(dead - begin) * 1000:.1f}", flush=True)
    os.close(handle)
    time.sleep(0.5)
