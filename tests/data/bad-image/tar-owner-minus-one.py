# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': owner 4294967295:0 is not possible
# chown(2) would leave the owner as it is
image = Layout("layout", tar(("file", "x", "", {"uid": 4294967295})), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
