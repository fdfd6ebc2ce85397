# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry '.wh.d/x': below a whiteout (a name that begins with .wh.)
image = Layout("layout", tar(("dir", ".wh.d"), ("file", ".wh.d/x", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
