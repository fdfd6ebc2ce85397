# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci-archive:context/../image.tar: is no tar archive
# args: build context
with open("image.tar", "w") as f:
    f.write("no tar\n" * 1000)

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci-archive:../image.tar\nNAME localhost/bad:1\n")
