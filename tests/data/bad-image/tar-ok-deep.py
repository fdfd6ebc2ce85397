# SPDX-License-Identifier: Apache-2.0
# deeper than there are file descriptors
image = Layout("layout", tar(*[("dir", "/".join(["d"] * n)) for n in range(1, 1500)]),
               tar(("file", ".wh.d", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert not os.path.lexists("out/d")
