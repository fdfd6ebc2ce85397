# SPDX-License-Identifier: Apache-2.0
# needs: root
# set-id bits stay, though chown(2) takes them away
image = Layout("layout", tar(("file", "x", "1", {"mode": 0o6755, "uid": 5, "gid": 6})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    st = os.stat("out/x")
    assert st.st_mode & 0o7777 == 0o6755 and (st.st_uid, st.st_gid) == (5, 6)
