# SPDX-License-Identifier: Apache-2.0
# absolute names are the image's
image = Layout("layout", tar(("file", "/etc/x", "x"), ("file", "//etc//./y", "y")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert open("out/etc/x").read() == "x"
    assert open("out/etc/y").read() == "y"
