# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: entry 'a/x': open its folder: Too many levels of symbolic links
# status: 1
image = Layout("layout", tar(("link", "a", "b"), ("link", "b", "a"), ("file", "a/x", "x")), compression="plain").write()
words["BLOB"] = image.layers[-1]["digest"]
