# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout: layer @BLOB@: entry 'd/.wh.': a whiteout of nothing that can be removed
# args: build context
image = Layout("layout", tar(("file", "d/.wh.", "")), compression="plain").write()
words["BLOB"] = image.layers[0]["digest"]

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
