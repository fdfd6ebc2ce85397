# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'a': it is a link to nothing, and a folder of another entry's path
image = Layout("layout", tar(("link", "a", "nowhere"), ("file", "a/b", "x")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
