# SPDX-License-Identifier: Apache-2.0
# labels of the host that packed are left out
image = Layout("layout", tar(("file", "x", "1", {"pax": {"SCHILY.xattr.security.selinux": "u:r:t", "SCHILY.xattr.trusted.x": "y", "SCHILY.xattr.system.posix_acl_access": "z", "SCHILY.xattr.user.kept": "v"}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]


def check():
    assert os.listxattr("out/x") == ["user.kept"], os.listxattr("out/x")
