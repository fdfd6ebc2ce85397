# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': a symbolic link to nothing
image = Layout("layout", tar(("link", "x", "")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
