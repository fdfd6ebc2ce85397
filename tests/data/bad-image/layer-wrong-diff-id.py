# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: the digest of its tar is sha256:12ff9a002f864693bf155a677375b8c588835f87e3c372b9421461a1bc3fae35, not sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good)
image.diff_ids[0] = digest(b"other")
image.write()
words["BLOB"] = image.layers[0]["digest"]
