# SPDX-License-Identifier: Apache-2.0
# a layer that writes below a folder without an entry of it: its time does not depend on when it was unpacked
image = Layout("layout", tar(("dir", "a", None, {"mode": 0o711, "mtime": 7})), tar(("file", "a/b/c", "x"), ("file", "d/e", "y"))).write()


def check():
    seen = [(os.stat(path).st_mode & 0o7777, os.stat(path).st_mtime) for path in ("out", "out/a", "out/a/b", "out/d")]
    assert seen == [(0o755, 0), (0o711, 7), (0o755, 0), (0o755, 0)], seen
