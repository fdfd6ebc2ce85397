# SPDX-License-Identifier: Apache-2.0
"""page.py SCENE PICTURES - the page in a headless browser, in a desktop's and a phone's width; prints TAP."""
import os
import shutil
import subprocess
import sys
import tempfile

import browser

CHECKS = []


def check(words):
    def note(function):
        CHECKS.append((words, function))
        return function
    return note


class Stage:
    def __init__(self, scene, pictures):
        self.folder = tempfile.mkdtemp(prefix="carte-scene-")
        self.pictures = pictures
        self.scene = subprocess.Popen([scene, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.scene.stdout.readline().strip()
        self.base = self.url.split("?")[0]
        self.page = browser.Browser()
        self.page.open()

    def close(self):
        self.page.close()
        self.scene.stdin.close()
        try:
            self.scene.wait(10)
        except subprocess.TimeoutExpired:
            self.scene.kill()
            self.scene.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, width, height, phone, scheme="light"):
        self.page.size(width, height, phone)
        self.page.scheme(scheme)
        self.page.go(self.url)
        must(self.page.until("document.body && document.body.dataset.loaded === '1'"), "the page does not load")
        must(self.page.until("document.querySelectorAll('.why b').length > 0 && "
                             "document.querySelectorAll('#events li').length > 5"), "no decisions or events are shown")

    def picture(self, name):
        file = os.path.join(self.pictures, name)
        self.page.picture(file)
        must(os.path.getsize(file) > 10000, "the picture is empty")


def must(good, words):
    if not good:
        raise AssertionError(words)


def same(got, expected):
    must(got == expected, "got %r, expected %r" % (got, expected))


CARD = "document.querySelector('[aria-label=\"Service shop/web\"]')"
NO_OVERFLOW = ("[...document.querySelectorAll('body *')].filter((e) => e.getClientRects().length && "
               "!e.closest('.skip, thead, title') && e.getBoundingClientRect().right > innerWidth + 0.5)"
               ".map((e) => e.tagName + '.' + e.className)")


@check("a desktop shows services, containers, decisions and events")
def desktop(stage):
    stage.load(1280, 900, False)
    page = stage.page
    same(page.run("[...document.querySelectorAll('article h2')].map((e) => e.textContent)"),
         ["shop / web", "shop / db", "school-of-the-long-names / simulation-server-with-a-long-name",
          "school-of-the-long-names / map"])
    must(page.until(CARD + ".querySelector('.number').textContent === '3 / 3ready'"), "web is not ready")
    same(page.run(CARD + ".querySelectorAll('tbody tr').length"), 3)
    must(page.until(CARD + ".querySelector('td[data-name=CPU]').textContent.includes('%')"), "no use of processors")
    text = page.run(CARD + ".innerText")
    for words in ("registry.example/shop/web:2.4", "0.0.0.0:8080->80/tcp", "of 1.5 cores (limit)", "MiB (limit)",
                  "replica 2 of 3 is replaced", "cpu 5.0 %", "● ready", "asked for"):
        must(words in text, "%r is not in %r" % (words, text))
    text = page.run("document.body.innerText")
    for words in ("✕ failed", "no image missing", "replica ready shop-web-7", "3.0 GiB"):
        must(words in text, "%r is not in %r" % (words, text))
    must(page.run(CARD + ".querySelectorAll('.line circle').length") >= 5, "the time line has no decisions")
    same(page.run(NO_OVERFLOW), [])
    stage.picture("page-desktop.png")


@check("the token does not stay in the address")
def address(stage):
    same(stage.page.run("location.href"), stage.base)
    same(stage.page.run("document.cookie"), "")


@check("buttons scale, restart and stop")
def buttons(stage):
    page = stage.page
    page.run(CARD + ".querySelector('[aria-label^=\"One replica more\"]').click()")
    must(page.until(CARD + ".querySelectorAll('tbody tr').length === 4"), "no fourth container")
    must(page.until(CARD + ".querySelector('.number').textContent === '4 / 4ready'"), "it does not become ready")
    same(page.run(CARD + ".querySelector('[aria-label^=\"Let the autoscaler\"]').disabled"), False)
    page.run(CARD + ".querySelector('[aria-label^=\"One replica less\"]').click()")
    must(page.until(CARD + ".querySelectorAll('tbody tr').length === 3"), "the fourth container stays")
    page.run(CARD + ".querySelector('[aria-label=\"Stop shop-web-2\"]').click()")
    must(page.until(CARD + ".innerText.includes('■ exited')"), "the container does not stop")
    page.run(CARD + ".querySelector('[aria-label=\"Start shop-web-2\"]').click()")
    must(page.until("!" + CARD + ".innerText.includes('■ exited')"), "the container does not start")
    page.run(CARD + ".querySelector('[aria-label=\"Restart shop-web-2\"]').click()")
    must(page.until(CARD + ".querySelectorAll('tbody tr')[1].querySelector('[data-name=Restarts]').textContent === '1'"),
         "the restart is not counted")


@check("a log is shown as text")
def logs(stage):
    page = stage.page
    page.run("document.querySelector('[aria-label=\"Log shop-web-1\"]').click()")
    must(page.until("document.getElementById('logs-text').textContent.includes('240')"), "no log")
    must(page.run("document.getElementById('logs-text').textContent.includes('<script>') && !window.bad"), "it ran")
    same(page.run("document.getElementById('logs').open"), True)
    page.run("document.getElementById('logs-close').click()")
    same(page.run("document.getElementById('logs').open"), False)


@check("a phone of 360 pixels shows the same without scrolling sideways")
def phone(stage):
    for scheme in ("light", "dark"):
        stage.load(360, 740, True, scheme)
        page = stage.page
        same(page.run("innerWidth"), 360)
        must(page.run("document.documentElement.scrollWidth <= 360"), "it scrolls sideways")
        same(page.run(NO_OVERFLOW), [])
        must(page.until(CARD + ".querySelectorAll('tbody tr').length === 3"), "no containers")
        stage.picture("page-phone-%s.png" % scheme)


@check("dark and light differ")
def dark(stage):
    back = "getComputedStyle(document.body).backgroundColor"
    stage.load(1280, 900, False, "dark")
    dark_back = stage.page.run(back)
    stage.picture("page-dark.png")
    stage.page.scheme("light")
    must(stage.page.run(back) != dark_back, "they are the same")


PLAN = """(() => {
    const card = cards.get("shop/web");
    const past = [...Array(60).keys()].map((i) => ({ load: i < 5 ? null : 2 + Math.sin(i / 9), upper: i < 8 ? null : 2.6 + Math.sin(i / 9) }));
    const ahead = [1, 2, 3, 4].map((minute) => ({ minute, middle: 4, upper: 4.5 }));

    card.plan = { mode: "act", open: true, gate: "weekly: its loss is 61 % of the last value's", load: 1.9, upper: 4.5, floor: 4, past, ahead };
    drawForecast(card);
})()"""


@check("a forecast is drawn beside the load")
def forecast(stage):
    stage.load(1280, 900, False)
    page = stage.page
    must(page.until(CARD + ".querySelector('.number').textContent === '3 / 3ready'"), "web is not ready")
    must(page.run(CARD + ".querySelector('.forecast').parentNode.hidden"), "a forecast of nothing is shown")
    page.run(PLAN)
    must(not page.run(CARD + ".querySelector('.forecast').parentNode.hidden"), "the forecast is hidden")
    same(page.run(CARD + ".querySelector('.forecast .path').getAttribute('d').match(/[ML]/g).length"), 55)
    same(page.run(CARD + ".querySelector('.forecast .upper').getAttribute('d').match(/[ML]/g).length"), 56)
    must("Believed: weekly: its loss is 61 % of the last value's. Asks for at least 4" in page.run(CARD + ".innerText"), "no words")
    must("at most 4.5" in page.run(CARD + ".querySelector('.forecast').getAttribute('aria-label')"), "no name")
    same(page.run(NO_OVERFLOW), [])
    stage.picture("page-forecast.png")


@check("every control has a name, every state a word")
def accessible(stage):
    page = stage.page
    same(page.run("[...document.querySelectorAll('button, select, [role=meter], [role=img]')].filter((e) => "
                  "!(e.getAttribute('aria-label') || e.textContent).trim()).length"), 0)
    must(page.run("[...document.querySelectorAll('.state')].every((e) => /[a-z]{4}/.test(e.textContent))"),
         "a state is only a colour")
    same(page.run("document.documentElement.lang"), "en")


@check("nothing comes from elsewhere, nothing is complained about")
def clean(stage):
    same([u for u in stage.page.requests() if not u.startswith((stage.base, "data:"))], [])
    same(stage.page.complaints(), [])


@check("without the token it says so")
def stranger(stage):
    page = stage.page
    page.run("sessionStorage.clear()")
    page.go(stage.base)
    must(page.until("document.body && document.body.innerText.includes('The token is missing or wrong')"), "it does not")
    same(page.run("document.querySelectorAll('article').length"), 0)


def main():
    print("1..%d" % len(CHECKS))
    if not browser.program():
        for number, (words, _) in enumerate(CHECKS, 1):
            print("ok %d - %s # SKIP no chromium" % (number, words))
        return 0
    os.makedirs(sys.argv[2], exist_ok=True)
    stage = Stage(sys.argv[1], sys.argv[2])
    failed = 0
    try:
        for number, (words, function) in enumerate(CHECKS, 1):
            try:
                function(stage)
                print("ok %d - %s" % (number, words), flush=True)
            except (AssertionError, RuntimeError, TimeoutError, EOFError, OSError) as e:
                failed = 1
                print("not ok %d - %s\n# %s" % (number, words, str(e).replace("\n", "\n# ")), flush=True)
    finally:
        stage.close()
    return failed


sys.exit(main())
