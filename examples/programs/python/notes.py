#!/usr/bin/env python3
"""notes.py PORT - notes over HTTP, kept in SQLite: POST /notes with a text, GET /notes as JSON."""
import http.server
import json
import sqlite3
import sys

store = sqlite3.connect(":memory:", check_same_thread=False)
store.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


class Notes(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path != "/notes":
            return self.answer(404, {"error": "there is /notes"})
        rows = store.execute("SELECT id, text FROM notes ORDER BY id")
        return self.answer(200, [{"id": row[0], "text": row[1]} for row in rows])

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        made = store.execute("INSERT INTO notes (text) VALUES (?)", (text,))
        return self.answer(201, {"id": made.lastrowid})

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Notes).serve_forever()
