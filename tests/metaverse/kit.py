# SPDX-License-Identifier: Apache-2.0
"""kit.py - the servers of examples/metaverse as processes, and what their tests do with them; TAP."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import game_client

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("METAVERSE_OUT", os.path.join(os.environ.get("top_builddir", os.path.join(TOP, "build")), "metaverse"))
PATIENCE = 30 * float(os.environ.get("CARTE_TEST_SLOW", "1"))


def must(good, words):
    if not good:
        raise AssertionError(words)


def same(got, expected, words=""):
    must(got == expected, "%sgot %r, expected %r" % (words and words + ": ", got, expected))


def until(true, words, seconds=PATIENCE):
    """Wait until a function's value is true, and give it back."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        must(time.monotonic() < end, words)
        time.sleep(0.02)


def free_port():
    """Nothing listens there, by TCP and UDP, at this moment."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind(("127.0.0.1", 0))
            try:
                datagrams.bind(stream.getsockname())
            except OSError:
                continue
            return stream.getsockname()[1]


def build(*programs):
    made = subprocess.run(["make", "-s", "-C", os.path.join(TOP, "examples", "metaverse"), "O=" + OUT, *programs],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    must(made.returncode == 0, "make failed:\n" + made.stdout[-3000:])


class Place:
    """A folder with a key, for the servers of one test."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="carte-metaverse-")
        self.key = os.urandom(40)
        self.servers = []
        with open(self.path("token_key"), "wb") as out:
            out.write(self.key)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def volume(self, name):
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def token(self, name, life=600):
        return game_client.token(self.key, name, life)

    def start(self, program, *arguments, ready=True, port=0, **environment):
        """PORT: for a server that does not tell which one it has."""
        server = Server(self, program, port, arguments, environment)
        self.servers.append(server)
        if ready:
            server.ready()
        return server

    def close(self):
        for server in self.servers:
            server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    def __init__(self, place, program, port, arguments, environment):
        env = {k: v for k, v in os.environ.items() if k not in ("PORT", "STARTUP_DELAY_MS", "DRAIN_SECONDS")}
        env.update({"TOKEN_KEY_FILE": place.path("token_key"), **environment})
        self.lines = []
        self.port = port or None
        self.process = subprocess.Popen([os.path.join(OUT, program, program), "--port", str(port), *arguments], env=env,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if "listening on port " in line:
                self.port = int(line.split("listening on port ")[1].split()[0])

    def listening(self):
        until(lambda: self.port or self.process.poll() is not None, "it does not listen")
        must(self.port, "it has ended: " + "; ".join(self.lines))
        return self

    def ready(self):
        self.listening()

        def is_ready():
            must(self.process.poll() is None, "it has ended: " + "; ".join(self.lines))
            try:
                return self.get("/healthz")[0] == 200
            except ConnectionError:
                return False
        until(is_ready, "it does not become ready")
        return self

    def ask(self, method, path, body=None, token=None, **headers):
        """(status, headers, body) of one request."""
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        if token:
            sent["Authorization"] = "Bearer " + token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return game_client.get(self.port, path, method, sent, body)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def json(self, path, **more):
        status, _, body = self.get(path, **more)
        same(status, 200, path)
        return json.loads(body)

    def metric(self, name):
        for line in self.get("/metrics")[2].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.wait()

    def wait(self):
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stderr.close()


class Socket(game_client.Web):
    """A WebSocket of one user, whose messages are read as they come."""

    def __init__(self, server, path):
        super().__init__(server.port, path)
        self.lines = []
        self.code = None
        self.is_closed = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            while True:
                self.lines.append(self.next(time.monotonic() + 3600))
        except game_client.Closed as closed:
            self.code = closed.code
        except (OSError, ValueError):
            pass
        self.is_closed = True

    def send_text(self, text):
        self.send_frame(game_client.TEXT, text.encode())

    def of(self, kind):
        return [line for line in self.lines if line["t"] == kind]

    def newest(self, kind, count=1):
        """The newest of at least COUNT messages of this kind."""
        until(lambda: len(self.of(kind)) >= count, "there are only %d of %s" % (len(self.of(kind)), kind))
        return self.of(kind)[-1]

    def leave(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)
        self.close()


CHECKS = []


def check(words):
    def note(function):
        CHECKS.append((words, function))
        return function
    return note


def skip(reason):
    print("1..%d" % len(CHECKS))
    for number, (words, _) in enumerate(CHECKS, 1):
        print("ok %d - %s # SKIP %s" % (number, words, reason))
    sys.exit(1 if os.environ.get("CARTE_TEST_STRICT") == "1" else 0)


def run(*arguments):
    """All checks, each of which gets these arguments."""
    failed = 0
    print("1..%d" % len(CHECKS))
    for number, (words, function) in enumerate(CHECKS, 1):
        try:
            function(*arguments)
            print("ok %d - %s" % (number, words), flush=True)
        except Exception as error:  # a test that breaks is a test that fails
            failed = 1
            print("not ok %d - %s\n# %s: %s" % (number, words, type(error).__name__, str(error).replace("\n", "\n# ")),
                  flush=True)
    return failed
