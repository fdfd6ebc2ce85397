# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'a/b': what it is in is no folder
image = Layout("layout", tar(("file", "a", ""), ("file", "a/b", "x")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
