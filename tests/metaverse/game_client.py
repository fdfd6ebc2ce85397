# SPDX-License-Identifier: Apache-2.0
"""game_client.py - a player of examples/metaverse/game: tokens, the WebSocket, the datagrams. No library is needed."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import select
import socket
import struct
import time

PATIENCE = 20 * float(os.environ.get("CARTE_TEST_SLOW", "1"))
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def token(key, name, life=3600):
    def b64(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    head = "v1." + b64(("%s %d" % (name, time.time() + life)).encode())
    return head + "." + b64(hmac.new(key, head.encode(), hashlib.sha256).digest())


def get(port, path, method="GET", headers=None, body=None):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


class Refused(Exception):
    """The server did not make it a WebSocket; status, and the rest of what it said."""

    def __init__(self, status, text):
        super().__init__("%d %s" % (status, text))
        self.status = status
        self.text = text


class Closed(Exception):
    """The server has ended the connection, with this close code (None: without any)."""

    def __init__(self, code):
        super().__init__("closed: %s" % code)
        self.code = code


class Web:
    """A user at the WebSocket of RFC 6455."""

    def __init__(self, port, query, headers=""):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.rest = b""
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: game\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n" %
                             (query, base64.b64encode(os.urandom(16)).decode(), headers)).encode())
        while b"\r\n\r\n" not in self.rest:
            self.more(time.monotonic() + PATIENCE)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status = int(head.split()[1])
        if status != 101:
            self.socket.settimeout(PATIENCE)
            part = b"-"
            while part:
                part = self.socket.recv(65536)
                self.rest += part
            self.socket.close()
            raise Refused(status, head.decode() + self.rest.decode())

    def more(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            raise TimeoutError("the server says nothing")
        try:
            part = self.socket.recv(65536)
        except ConnectionError:
            part = b""
        if not part:
            raise Closed(None)
        self.rest += part

    def take(self, length, until):
        while len(self.rest) < length:
            self.more(until)
        part, self.rest = self.rest[:length], self.rest[length:]
        return part

    def frame(self, until):
        first, length = self.take(2, until)
        if length == 126:
            length = struct.unpack(">H", self.take(2, until))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.take(8, until))[0]
        return first & 15, self.take(length, until)

    def send_frame(self, opcode, data, final=True):
        mask = os.urandom(4)
        length = struct.pack("B", 128 | len(data)) if len(data) < 126 else struct.pack(">BH", 128 | 126, len(data))
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(struct.pack("B", opcode | (128 if final else 0)) + length + mask + body)

    def send(self, **message):
        self.send_frame(TEXT, json.dumps(message).encode())

    def next(self, until=None):
        """The next message, whatever it is."""
        until = until or time.monotonic() + PATIENCE
        while True:
            opcode, data = self.frame(until)
            if opcode == CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0] if len(data) >= 2 else None)
            if opcode == PING:
                self.send_frame(PONG, data)
            elif opcode == TEXT:
                return json.loads(data)

    def until(self, kind, test=lambda message: True):
        """The next message of this kind that passes the test."""
        until = time.monotonic() + PATIENCE
        while True:
            message = self.next(until)
            if message["t"] == kind and test(message):
                return message

    def close(self):
        self.socket.close()


class Udp:
    """A player by UDP."""
    HEAD = b"CG\x01"

    def __init__(self, port, name_token="", room=""):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE)
        self.token, self.room = name_token.encode(), room.encode()
        self.seq = 0

    def hello_bytes(self, size=300):
        data = self.HEAD + struct.pack(">BH", 1, len(self.token)) + self.token
        return (data + struct.pack("B", len(self.room)) + self.room).ljust(size, b"\0")

    def pos_bytes(self, x, y, direction=0.0, seq=None, ts=0):
        if seq is None:
            self.seq += 1
            seq = self.seq
        return self.HEAD + struct.pack(">BIQIQfff", 3, self.id, self.cookie, seq, ts, x, y, direction)

    def receive(self, wait=None):
        """Type and fields of the next datagram; None when nothing comes in wait seconds."""
        self.socket.settimeout(PATIENCE if wait is None else wait)
        try:
            data = self.socket.recv(2048)
        except (TimeoutError, BlockingIOError):
            if wait is None:
                raise
            return None
        assert data[:3] == self.HEAD, data
        return data[3], data[4:]

    def until(self, *kinds):
        while True:
            kind, data = self.receive()
            if kind in kinds:
                return kind, data

    def hello(self):
        """What answers it; a WELCOME is noted. HELLO is sent until something does, as clients have to."""
        for _ in range(10):
            self.socket.send(self.hello_bytes())
            answer = self.receive(PATIENCE / 10)
            while answer and answer[0] not in (2, 6, 7):
                answer = self.receive(PATIENCE / 10)
            if answer:
                break
        if answer and answer[0] == 2:
            self.id, self.cookie, length = struct.unpack(">IQB", answer[1][:13])
            self.replica = answer[1][13:13 + length].decode()
        return answer and answer[0]

    def pos(self, x, y):
        """Moves there; returns the type of what answers that."""
        self.socket.send(self.pos_bytes(x, y))
        return self.until(4, 6, 7)[0]

    def state(self):
        """The players of the next STATE: {id: (x, y, dir)}."""
        data = self.until(5)[1]
        count = struct.unpack(">H", data[4:6])[0]
        return {p[0]: p[1:] for p in struct.iter_unpack(">Ifff", data[6:6 + 16 * count])}

    def bye(self):
        self.socket.send(self.HEAD + struct.pack(">BIQ", 6, self.id, self.cookie))

    def close(self):
        self.socket.close()
