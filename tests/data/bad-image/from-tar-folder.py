# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar: is no regular file
# args: build context
os.mkdir("base.tar")

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar\nNAME localhost/bad:1\n")
