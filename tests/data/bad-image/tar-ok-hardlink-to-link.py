# SPDX-License-Identifier: Apache-2.0
# the hard link is of the link, not of what it points to
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside/secret"), ("hard", "y", "x"), ("file", "y", "inside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.readlink("out/x") == os.getcwd() + "/outside/secret"
    assert open("out/y").read() == "inside"
