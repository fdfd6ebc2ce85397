# SPDX-License-Identifier: Apache-2.0
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside")),
               tar(("file", "x/.wh..wh..opq", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.path.exists("outside/secret")
