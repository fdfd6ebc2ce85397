# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout: layer @BLOB@: the digest of its tar is sha256:495f24b8af45a592cbbcf6c2bf8451cf71f8d48c3eca3830564e69274efa5cfa, not sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa
# args: build context
image = Layout("layout", tar(("file", "x", "y")))
image.diff_ids[0] = digest(b"other")
image.write()
words["BLOB"] = image.layers[0]["digest"]

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
