# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': hard link to 'd', which is a folder
image = Layout("layout", tar(("dir", "d"), ("hard", "x", "d")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
