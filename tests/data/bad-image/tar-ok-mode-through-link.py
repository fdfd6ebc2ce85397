# SPDX-License-Identifier: Apache-2.0
image = Layout("layout", tar(("link", "x", os.getcwd() + "/outside"), ("dir", "x/.", None, {"mode": 0o777})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.stat("outside").st_mode & 0o777 == 0o755
