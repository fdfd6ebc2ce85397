# SPDX-License-Identifier: Apache-2.0
# CVE-2022-class: the whiteout's folder is a link out of the root
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside")),
               tar(("file", "x/.wh.secret", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.path.exists("outside/secret")
