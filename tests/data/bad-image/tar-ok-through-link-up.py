# SPDX-License-Identifier: Apache-2.0
# above the root is the root
image = Layout("layout", tar(("dir", "d"), ("link", "d/up", "../../../../../.."), ("file", "d/up/x", "inside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert open("out/x").read() == "inside"
