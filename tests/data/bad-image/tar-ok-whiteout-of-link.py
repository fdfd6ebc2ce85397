# SPDX-License-Identifier: Apache-2.0
# the link goes, not what it points to
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside")),
               tar(("file", ".wh.x", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.path.exists("outside/secret") and not os.path.lexists("out/x")
