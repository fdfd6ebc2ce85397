#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""chaos.py SECONDS WORK [--clock] - harm a running project "chaos" at random, and see that it comes back each time."""
import contextlib
import glob
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time

seconds, work = float(sys.argv[1]), sys.argv[2]
state = os.environ["CARTE_STATE_DIR"]
desired = {"web": 4, "echo": 2}
seed = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 30)))
random.seed(seed)
print(f"# seed {seed}", flush=True)


def output(*argv, timeout=60):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def containers():
    return json.loads(output("carte", "ps", "-a", "--format", "json"))


def is_whole():
    """Every wanted replica is ready, answers, and there is no other."""
    have = {}
    for one in containers():
        if one["state"] != "ready":
            return f"{one['name']} is {one['state']}: {one['reason']}"
        have[one["service"]] = have.get(one["service"], 0) + 1
    if have != desired:
        return f"{have} instead of {desired}"
    inits = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if program(pid) in ("/usr/bin/web", "/usr/bin/udpecho")]
    stopped = [pid for pid in inits if is_stopped(pid)]
    if stopped:
        return f"process {stopped[0]} is stopped"
    wanted = sum(desired.values())
    for what, count in ("processes", len(inits)), *footprint():
        if count != wanted:
            return f"{count} {what} instead of {wanted}"
    for _ in range(8):
        if subprocess.run(["curl", "-sf", "-m", "3", "http://127.0.0.1:8080/"], capture_output=True).returncode:
            return "port 8080 does not answer"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
        echo.settimeout(3)
        echo.connect(("127.0.0.1", 9000))
        try:
            echo.send(b"chaos")
            if not echo.recv(200).endswith(b"chaos"):
                return "port 9000 answers something else"
        except OSError as error:
            return f"port 9000: {error}"
    return None


def footprint():
    """Of what each replica has one: whatever there is more has leaked."""
    yield "namespaces", len(os.listdir(f"{os.environ['CARTE_RUN_DIR']}/netns"))
    yield "pinned mounts", sum(f" {os.environ['CARTE_RUN_DIR']}/netns/" in line for line in open("/proc/self/mountinfo"))
    yield "veth", len(output("ip", "-o", "link", "show", "type", "veth").splitlines())
    yield "bundles", len(os.listdir(f"{state}/bundles"))
    yield "addresses", len(glob.glob(f"{state}/**/cni/**/[0-9]*.[0-9]*.[0-9]*.[0-9]*", recursive=True))
    known = glob.glob("/sys/fs/cgroup/memory/carte/chaos/*/") or glob.glob("/sys/fs/cgroup/carte/chaos/*/")
    yield "cgroups", len(known)
    tables = output("nft", "list", "tables", "ip").split()
    yield "replicas for each table", sum(desired.values()) * {"carte", "carte-net"}.issubset(tables)


def is_stopped(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def program(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def supervisor():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and words[0].endswith(b"carte-scale"):
            return int(pid)
    return 0


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def restart_supervisor():
    subprocess.run(["carte-scale", "serve", "--daemon"], stdin=subprocess.DEVNULL, timeout=30)


def harm_supervisor():
    kill(supervisor())
    time.sleep(random.random() * 0.3)
    restart_supervisor()


def harm_replica():
    kill(random.choice([one["pid"] for one in containers() if one["pid"]] or [0]) or os.getpid() + (1 << 22))


def harm_replicas_and_supervisor():
    victims = [one["pid"] for one in containers() if one["pid"]]
    kill(supervisor())
    for pid in random.sample(victims, min(3, len(victims))):
        kill(pid)
    restart_supervisor()


def command(*argv):
    return subprocess.Popen(["carte", *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_some(ends, most):
    """Of programs that run for a moment."""
    killed, end = 0, time.monotonic() + 2
    while time.monotonic() < end and killed < most:
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            if program(pid).endswith(ends) and random.random() < 0.5:
                kill(pid)
                killed += 1
    return killed


def finish(child):
    try:
        child.wait(timeout=120)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise


def harm_runtime():
    """While replicas are being made."""
    child = command("restart", "web")
    hits["runtime"] = hits.get("runtime", 0) + kill_some("carte-runtime", random.randint(1, 4))
    finish(child)


def harm_growth():
    """Supervisor, network plugins and runtime die while there are to be more replicas, and fewer."""
    child = command("scale", "web=8")
    time.sleep(random.random() * 0.4)
    hits["plugins"] = hits.get("plugins", 0) + kill_some(("/bridge", "/host-local", "carte-runtime"), random.randint(1, 3))
    kill(supervisor())
    finish(child)
    restart_supervisor()
    child = command("scale", "web=4")
    time.sleep(random.random() * 0.2)
    kill(supervisor())
    finish(child)
    restart_supervisor()
    output("carte", "scale", "web=4", timeout=60)


def harm_runtime_and_supervisor():
    harm_runtime()
    harm_supervisor()


def harm_disk():
    """Nothing can be written for a while, and something dies meanwhile."""
    path = f"{state}/fill"
    with open(path, "wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    try:
        harm_replica()
        subprocess.run(["carte", "scale", "web=5"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        time.sleep(1)
        if random.random() < 0.5:
            harm_supervisor()
            time.sleep(1)
    finally:
        os.unlink(path)
    restart_supervisor()
    output("carte", "scale", "web=4")


def harm_clock():
    with open(f"{work}/clock", "w") as file:
        file.write(random.choice(["+3600", "-3600", "+864000", "+0", "-40"]))
    harm_replica()


def harm_firewall():
    """Another program throws the whole ruleset away, while a supervisor looks or while none does."""
    away = random.random() < 0.3
    if away:
        kill(supervisor())
    output("nft", "flush", "ruleset")
    if away:
        restart_supervisor()


def harm_stop():
    kill(random.choice([one["pid"] for one in containers() if one["service"] == "web" and one["pid"]]), signal.SIGSTOP)
    time.sleep(2)


def check_database():
    paths = glob.glob(f"{state}/**/*.db", recursive=True)
    if not paths:
        raise RuntimeError("no database")
    for path in paths:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            words = db.execute("PRAGMA integrity_check").fetchone()[0]
        if words != "ok":
            raise RuntimeError(f"{path}: {words}")


def tell():
    """What is to be known after a failure."""
    for argv in (["carte", "ps", "-a"], ["carte", "events", "--no-follow"]):
        try:
            for line in output(*argv).splitlines()[-40:]:
                print(f"#   {line}", flush=True)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"#   {error}", flush=True)


harms = [harm_supervisor, harm_replica, harm_replicas_and_supervisor, harm_runtime, harm_runtime_and_supervisor, harm_growth, harm_disk, harm_firewall, harm_stop]
if "--clock" in sys.argv:
    harms.append(harm_clock)
if os.environ.get("CHAOS_ONLY"):
    harms = [harm for harm in harms if harm.__name__ in os.environ["CHAOS_ONLY"].split()]
end = time.monotonic() + seconds
counts, hits, worst, order = {}, {}, 0.0, list(harms)
random.shuffle(order)
while time.monotonic() < end:
    harm = order.pop() if order else random.choice(harms)
    begin = time.monotonic()
    try:
        harm()
        why = "not looked at"
        while time.monotonic() < begin + 120:
            try:
                why = is_whole()
            except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                why = str(error)
            if why is None:
                break
            time.sleep(0.1)
        if why is not None:
            raise RuntimeError(f"not back after 120 s: {why}")
        check_database()
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"not ok chaos: {harm.__name__}: {error}", flush=True)
        tell()
        sys.exit(1)
    took = time.monotonic() - begin
    worst = max(worst, took)
    counts[harm.__name__] = counts.get(harm.__name__, 0) + 1
    print(f"# {harm.__name__}: back after {took:.1f} s", flush=True)
if "--clock" in sys.argv:
    with open(f"{work}/clock", "w") as file:
        file.write("+0")
print(f"# {counts}, killed while they worked: {hits}, the longest took {worst:.1f} s", flush=True)
if len(counts) < len(harms) and seconds >= 60:
    print(f"not ok chaos: {len(harms) - len(counts)} of {len(harms)} harms had no turn within {seconds:.0f} s", flush=True)
    sys.exit(1)
