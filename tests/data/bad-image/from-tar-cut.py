# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar: tar: Truncated input file (needed 5120 bytes, only 2488 available)
# args: build context
with open("base.tar", "wb") as f:
    f.write(tar(("file", "x", "y" * 5000))[:3000])

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar\nNAME localhost/bad:1\n")
