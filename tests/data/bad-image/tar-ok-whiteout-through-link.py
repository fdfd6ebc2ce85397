# SPDX-License-Identifier: Apache-2.0
# what a whiteout removes is found as what is written: its folder is a link out of the root
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside")),
               tar(("file", "x/.wh.secret", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.path.exists("outside/secret")
