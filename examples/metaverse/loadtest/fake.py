#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fake.py - all four servers in one small process that can be told to misbehave: what loadtest/test looks at the load generator with.

  --busy N       the first N logins are answered with 503
  --wrong        assets whose bytes are not those of their id
  --drop N       of every N positions one is not answered
  --stall S      once, S seconds without any answer, 3 seconds after the first position
  --move S       S seconds after the first position: "moved" to everybody, and another replica's name from then on
Prints the port of login when it is ready.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import struct
import time

options = argparse.ArgumentParser()
options.add_argument("--busy", type=int, default=0)
options.add_argument("--wrong", action="store_true")
options.add_argument("--drop", type=int, default=0)
options.add_argument("--stall", type=float, default=0)
options.add_argument("--move", type=float, default=0)
options = options.parse_args()

content = b"a model" * 40000
asset = hashlib.sha256(content).hexdigest()
replica, ports, sockets, players = "fake-1", {}, {}, {}
positions, logins, moved = 0, 0, False


def ws_frame(text, opcode=1):
    data = text.encode() if isinstance(text, str) else text
    head = bytes([0x80 | opcode])
    if len(data) < 126:
        return head + bytes([len(data)]) + data
    return head + bytes([126]) + struct.pack("!H", len(data)) + data


async def ws_read(reader):
    """One frame of the client: opcode and data, unmasked."""
    first, second = await reader.readexactly(2)
    length = second & 127
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return first & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(data))


async def ws_serve(reader, writer, path, headers):
    token = path.partition("token=")[2].partition("&")[0]
    kind = "map" if path.startswith("/maps/") else "game"
    digest = hashlib.sha1((headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + base64.b64encode(digest) + b"\r\n\r\n"
        + ws_frame(json.dumps({"t": "welcome", "replica": replica, "id": 1, "players": []})))
    group = sockets.setdefault(kind, set())
    group.add(writer)
    try:
        while True:
            opcode, data = await ws_read(reader)
            if opcode == 8:
                writer.write(ws_frame(data[:2], 8))
                break
            if opcode != 1:
                continue
            message = json.loads(data)
            if message["t"] == "set":
                message["by"] = token
            elif message["t"] == "chat":
                message["from"] = token
            elif message["t"] == "ping":
                writer.write(ws_frame(json.dumps({"t": "pong", "ts": message["ts"]})))
                continue
            else:
                continue
            for other in group:
                other.write(ws_frame(json.dumps(message)))
    finally:
        group.discard(writer)


def answer(method, path, body):
    """Status and body. The token of a student is his name."""
    global logins
    if path == "/config":
        return 200, json.dumps({k: f"http://127.0.0.1:{ports[k]}" for k in ("asset", "map", "game")})
    if path == "/login" and method == "POST":
        logins += 1
        if logins <= options.busy:
            return 503, '{"error":"busy"}'
        return 200, json.dumps({"token": json.loads(body)["name"], "name": "", "expires": 0})
    if path == "/assets":
        return 200, json.dumps([{"id": asset, "name": "model"}])
    if path == "/assets/" + asset:
        return 200, content[:-1] + b"!" if options.wrong else content
    if path.startswith("/maps/"):
        return 200, json.dumps({"version": 1, "size": 64, "tiles": []})
    if path.startswith("/height"):
        return 200, "[0]"
    return 404, '{"error":"no such thing"}'


async def http_serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
            if "upgrade" in headers:
                await ws_serve(reader, writer, path, headers)
                break
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, data = answer(method, path, body)
            data = data.encode() if isinstance(data, str) else data
            writer.write(f"HTTP/1.1 {status} x\r\nX-Replica: {replica}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


class Game(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        global positions
        kind = data[3]
        if kind == 1:
            identity = len(players) + 1
            players[address] = identity
            self.transport.sendto(b"CG\1\2" + struct.pack("!IQB", identity, 7, len(replica)) + replica.encode(), address)
        elif kind == 3:
            if address not in players:
                self.transport.sendto(b"CG\1\7", address)
                return
            positions += 1
            if positions == 1:
                loop = asyncio.get_running_loop()
                if options.stall:
                    loop.call_later(3, time.sleep, options.stall)
                if options.move:
                    loop.call_later(options.move, self.move)
            if not options.drop or positions % options.drop:
                identity, _, seq, ts = struct.unpack("!IQIQ", data[4:28])
                self.transport.sendto(b"CG\1\4" + struct.pack("!IIQ", identity, seq, ts), address)
        elif kind == 6:
            players.pop(address, None)

    def move(self):
        global replica
        replica = "fake-2"
        for address in players:
            self.transport.sendto(b"CG\1\7", address)
        players.clear()
        for group in sockets.values():
            for writer in group:
                writer.write(ws_frame('{"t":"moved"}') + ws_frame(struct.pack("!H", 1012), 8))

    def tick(self, number=0):
        everybody = list(players.items())[:70]
        state = b"CG\1\5" + struct.pack("!IH", number, len(everybody))
        state += b"".join(struct.pack("!Ifff", identity, 1, 2, 0) for _, identity in everybody)
        for address, _ in everybody:
            self.transport.sendto(state, address)
        asyncio.get_running_loop().call_later(0.05, self.tick, number + 1)


async def main():
    loop = asyncio.get_running_loop()
    for name in ("login", "asset", "map", "game"):
        server = await asyncio.start_server(http_serve, "127.0.0.1", 0, backlog=1000)
        ports[name] = server.sockets[0].getsockname()[1]
    _, game = await loop.create_datagram_endpoint(Game, ("127.0.0.1", ports["game"]))
    game.tick()
    print(ports["login"], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
