#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scale_reaction.py [--docker] N - N times: kill -9 a replica's init; milliseconds until another one of the same replica runs and answers.

Ready is what an observer sees: a new process of the program listens on its port (in its network namespace). One line each.
"""
import os
import random
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
for _ in range(count):
    victim = random.choice(sorted(programs()))
    highest = max(map(int, filter(str.isdigit, os.listdir("/proc"))))
    begin = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    new = 0
    while time.monotonic() - begin < 30:
        if not new:
            new = next(iter(programs(highest)), 0)
        if new and listens(new):
            break
    else:
        print("no new replica within 30 s", file=sys.stderr)
        sys.exit(1)
    print(f"{(time.monotonic() - begin) * 1000:.1f}", flush=True)
    time.sleep(1.5)
