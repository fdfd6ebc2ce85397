# SPDX-License-Identifier: Apache-2.0
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside"), ("dir", "x"), ("file", "x/secret", "inside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert not os.path.islink("out/x") and open("out/x/secret").read() == "inside"
