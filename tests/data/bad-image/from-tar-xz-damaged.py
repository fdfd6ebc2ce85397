# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar.xz: xz: is damaged
# args: build context
import lzma
data = bytearray(lzma.compress(tar(("file", "x", "y"))))
data[40] ^= 0xff
with open("base.tar.xz", "wb") as f:
    f.write(data)

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar.xz\nNAME localhost/bad:1\n")
