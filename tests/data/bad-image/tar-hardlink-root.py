# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'x': a hard link to the root
image = Layout("layout", tar(("hard", "x", "/")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
