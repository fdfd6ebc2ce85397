# SPDX-License-Identifier: Apache-2.0
# the last one wins, as tar(1) has it
image = Layout("layout", tar(("file", "a", "1"), ("file", "a", "22"), ("dir", "d", None, {"mode": 0o700}), ("dir", "d", None, {"mode": 0o711})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert open("out/a").read() == "22"
    assert os.stat("out/d").st_mode & 0o777 == 0o711
