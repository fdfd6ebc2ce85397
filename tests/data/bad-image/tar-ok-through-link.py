# SPDX-License-Identifier: Apache-2.0
# CVE-2014-9356, CVE-2018-15664 of Docker: an absolute link, then an entry through it
image = Layout("layout", tar(("link", "e", "/outside"), ("dir", "outside"), ("file", "e/secret", "inside")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert open("out/outside/secret").read() == "inside"
