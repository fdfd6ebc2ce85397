#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plot.py FOLDER - draw a class, second by second: FOLDER/class.svg of result.json, samples.jsonl and events.jsonl there."""
import html
import json
import math
import os
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 230, 64, 150, 30, 30
COLOURS = {"login": "#1565c0", "asset": "#2e7d32", "map": "#ef6c00", "game": "#c62828"}


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Panel:
    """One plot over the seconds of the class; `log` is of the y axis."""

    def __init__(self, number, title, seconds, top, log=False):
        self.y0, self.title, self.seconds, self.log = number * HEIGHT, title, max(seconds, 1), log
        self.top = max(top, 0.001)
        self.least = 0.1 if log else 0
        self.out, self.legend = [], 0
        self.axes()

    def x(self, second):
        return LEFT + second / self.seconds * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        if self.log:
            share = math.log(max(value, self.least) / self.least) / math.log(self.top / self.least)
        else:
            share = value / self.top
        return self.y0 + HEIGHT - BOTTOM - min(max(share, 0), 1) * (HEIGHT - TOP - BOTTOM)

    def ticks(self):
        if self.log:
            return [10 ** p for p in range(-1, math.ceil(math.log10(self.top)) + 1) if 10 ** p <= self.top]
        step = 10 ** math.floor(math.log10(self.top))
        step = next(step * f for f in (0.1, 0.2, 0.5, 1, 2, 5) if self.top / (step * f) <= 6)
        return [step * i for i in range(int(self.top / step + 1e-9) + 1)]

    def text(self, x, y, words, kind=""):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(words)}</text>')

    def axes(self):
        self.text(LEFT, self.y0 + 18, self.title, "title")
        for tick in self.ticks():
            y = self.y(tick)
            self.out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="grid"/>')
            self.text(LEFT - 6, y + 4, f"{tick:g}", "right")
        step = next(s for s in (5, 10, 30, 60, 300, 600, 1800) if self.seconds / s <= 12 or s == 1800)
        for second in range(0, int(self.seconds) + 1, step):
            self.text(self.x(second), self.y0 + HEIGHT - BOTTOM + 16, f"{second} s", "middle")

    def name(self, words, colour, dashed=False):
        y = self.y0 + TOP + 8 + 16 * self.legend
        self.legend += 1
        self.out.append(f'<line x1="{WIDTH - RIGHT + 8}" y1="{y}" x2="{WIDTH - RIGHT + 26}" y2="{y}" stroke="{colour}" '
                        f'stroke-width="2"{DASH if dashed else ""}/>')
        self.text(WIDTH - RIGHT + 30, y + 4, words)

    def line(self, words, points, colour, steps=False):
        """Points with None are gaps."""
        self.name(words, colour)
        part, last = [], None
        for second, value in points + [(0, None)]:
            if value is not None:
                if steps and last is not None:
                    part.append(f"{self.x(second):.1f},{self.y(last):.1f}")
                part.append(f"{self.x(second):.1f},{self.y(value):.1f}")
            elif part:
                if len(part) == 1:
                    x, y = part[0].split(",")
                    self.out.append(f'<circle cx="{x}" cy="{y}" r="1.5" fill="{colour}"/>')
                else:
                    self.out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(part)}"/>')
                part = []
            last = value

    def limit(self, words, value, colour):
        self.name(words, colour, dashed=True)
        self.out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(value):.1f}" y2="{self.y(value):.1f}" stroke="{colour}"{DASH}/>')

    def events(self, events, begin, words):
        for i, event in enumerate(events):
            x = self.x(event["at"] - begin)
            self.out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.y0 + TOP}" y2="{self.y0 + HEIGHT - BOTTOM}" class="event"/>')
            if words:
                self.text(x + 3, self.y0 + TOP + 10 + 12 * (i % 3), event["what"], "small")


DASH = ' stroke-dasharray="4 3"'


def of_seconds(seconds, key, when=None):
    """(second, value) pairs; where nothing was measured there is a gap."""
    return [(i + 0.5, s[key] if when is None or s[when] else None) for i, s in enumerate(seconds)]


def cores(samples, name, span=5):
    """Over some seconds: carte-scale looks at them every few seconds only. A replica that went takes its seconds away with it."""
    points = []
    for before, after in zip(samples, samples[span:]):
        used = after["services"].get(name, {}).get("cpu_s", 0) - before["services"].get(name, {}).get("cpu_s", 0)
        points.append((after["second"], used / (after["at"] - before["at"]) if used >= 0 else None))
    return points


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    events = read_lines(os.path.join(folder, "events.jsonl"))
    begin = next(e["at"] for e in events if e["what"] == "begin")
    events = [e for e in events if e["what"] != "begin"]
    seconds = result["seconds"]
    samples = [s for s in read_lines(os.path.join(folder, "samples.jsonl")) if "services" in s and 0 <= s["at"] - begin <= len(seconds)]
    for s in samples:
        s["second"] = s["at"] - begin
    names = [n for n in COLOURS if any(n in s["services"] for s in samples)]
    panels = [Panel(0, "students in the game", len(seconds), max([result["students"]] + [s["online"] for s in seconds]))]
    panels[0].line("students", of_seconds(seconds, "online"), "#37474f")
    ready = [s["services"][n]["ready"] for s in samples for n in s["services"]]
    panels.append(Panel(1, "replicas that are ready", len(seconds), max(ready + [1]) + 0.5))
    for name in names:
        panels[-1].line(name, [(s["second"], s["services"].get(name, {}).get("ready")) for s in samples], COLOURS[name], steps=True)
    panels.append(Panel(2, "login and first byte of an asset, p95 of each second, ms", len(seconds), 10000, log=True))
    for words, key, limit, colour in (("login", "login_p95_ms", 500, COLOURS["login"]), ("asset", "asset_p95_ms", 1000, COLOURS["asset"])):
        panels[-1].line(words, of_seconds(seconds, key, key), colour)
        panels[-1].limit(f"limit {limit} ms", limit, colour)
    panels.append(Panel(3, "round trip of the game, ms", len(seconds), 10000, log=True))
    panels[-1].line("p50", of_seconds(seconds, "move_p50_ms", "move_p50_ms"), "#90a4ae")
    panels[-1].line("p99", of_seconds(seconds, "move_p99_ms", "move_p99_ms"), COLOURS["game"])
    panels[-1].limit("limit 50 ms, p99", 50, COLOURS["game"])
    panels.append(Panel(4, "positions lost, and failures that were tried again, in a second", len(seconds), max([s["lost"] for s in seconds] + [s["failed"] for s in seconds] + [1])))
    panels[-1].line("lost", of_seconds(seconds, "lost"), COLOURS["game"])
    panels[-1].line("failures", of_seconds(seconds, "failed"), COLOURS["login"])
    use = {n: cores(samples, n) for n in names}
    panels.append(Panel(5, "processors used", len(seconds), max([v for p in use.values() for _, v in p if v] + [0.1])))
    for name in names:
        panels[-1].line(name, use[name], COLOURS[name])
    memory = {n: [(s["second"], s["services"].get(n, {}).get("memory", 0) / 1e6) for s in samples] for n in names}
    panels.append(Panel(6, "memory of all replicas, with the files they read, MB", len(seconds), max([v for p in memory.values() for _, v in p] + [1])))
    for name in names:
        panels[-1].line(name, memory[name], COLOURS[name])
    for panel in panels:
        panel.events(events, begin, panel is panels[0])
    with open(os.path.join(folder, "class.svg"), "w", encoding="utf-8") as out:
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(panels)}" '
                  f'width="{WIDTH}" height="{HEIGHT * len(panels)}">\n'
                  "<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.right{text-anchor:end}.middle{text-anchor:middle}"
                  ".small{font-size:10px}.grid{stroke:#ddd}.event{stroke:#6a1b9a;stroke-dasharray:2 2}</style>\n"
                  '<rect width="100%" height="100%" fill="#fff"/>\n')
        for panel in panels:
            out.write("\n".join(panel.out) + "\n")
        out.write("</svg>\n")


main()
