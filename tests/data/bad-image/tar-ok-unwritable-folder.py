# SPDX-License-Identifier: Apache-2.0
image = Layout("layout", tar(("dir", "d", None, {"mode": 0o555, "mtime": 5}), ("file", "d/x", "1", {"mode": 0o444})),
               tar(("file", "d/y", "2")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.stat("out/d").st_mode & 0o777 == 0o555 and os.stat("out/d").st_mtime == 5
    assert open("out/d/y").read() == "2"
