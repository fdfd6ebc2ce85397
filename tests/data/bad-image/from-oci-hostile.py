# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout: layer @BLOB@: entry '../x': '..' in '../x'
# args: build context
image = Layout("layout", tar(("file", "../x", "y")), compression="plain").write()
words["BLOB"] = image.layers[0]["digest"]

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
