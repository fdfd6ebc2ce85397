# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': hard link to 'y', which is not there
image = Layout("layout", tar(("hard", "x", "y")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
