# SPDX-License-Identifier: Apache-2.0
# CVE-2014-6407 of Docker: a file is written over the link, not through it
image = Layout("layout", tar(("link", "x", "@OUT@/outside/secret".replace("@OUT@", os.getcwd())), ("file", "x", "inside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert not os.path.islink("out/x") and open("out/x").read() == "inside"
