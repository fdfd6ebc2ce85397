# SPDX-License-Identifier: Apache-2.0
# a mark hides what is below, wherever it stands in its layer
image = Layout("layout", tar(("dir", "d"), ("file", "d/old", "")),
               tar(("dir", "d"), ("file", "d/new", ""), ("file", "d/.wh..wh..opq", ""), ("dir", "e"), ("file", "e/x", ""), ("file", ".wh.e", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert sorted(os.listdir("out/d")) == ["new"], os.listdir("out/d")
    assert os.listdir("out/e") == ["x"]
