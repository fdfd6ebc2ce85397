# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': the extended attribute user.a is too long
image = Layout("layout", tar(("file", "x", "", {"pax": {"SCHILY.xattr.user.a": "y" * 70000}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
