# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar: entry 'etc/.wh.passwd': a name that begins with .wh. cannot be in an image: it would mean a whiteout
# args: build context
# a plain tar has no whiteouts, and an image cannot have such a name
with open("base.tar", "wb") as f:
    f.write(tar(("file", "etc/.wh.passwd", "")))

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar\nNAME localhost/bad:1\n")
