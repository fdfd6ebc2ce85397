# SPDX-License-Identifier: Apache-2.0
# names may be anything but a slash and a NUL
image = Layout("layout", tar(("file", "a\nb", "x"), ("file", "\033[2J", "y")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert open("out/a\nb").read() == "x"
