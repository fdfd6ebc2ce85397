# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: docker-archive:context/../image.tar: has no manifest.json
# args: build context
with open("image.tar", "wb") as f:
    f.write(tar(("file", "x", "y")))

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM docker-archive:../image.tar\nNAME localhost/bad:1\n")
