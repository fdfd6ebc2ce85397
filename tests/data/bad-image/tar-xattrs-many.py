# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': has more than 64 extended attributes
image = Layout("layout", tar(("file", "x", "", {"pax": {f"SCHILY.xattr.user.a{i}": "y" for i in range(100)}})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
