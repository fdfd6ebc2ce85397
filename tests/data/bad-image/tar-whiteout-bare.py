# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'd/.wh.': a whiteout of nothing that can be removed
image = Layout("layout", tar(("file", "d/.wh.", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
