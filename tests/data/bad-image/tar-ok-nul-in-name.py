# SPDX-License-Identifier: Apache-2.0
# the name ends there, for everyone
image = Layout("layout", tar(("file", "a", "x", {"pax": {"path": "a\0b"}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.listdir("out") == ["a"]
