# SPDX-License-Identifier: Apache-2.0
# a folder with files in it becomes a link
image = Layout("layout", tar(("dir", "x"), ("file", "x/a", ""), ("link", "x", os.getcwd() + "/outside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.readlink("out/x") == os.getcwd() + "/outside"
