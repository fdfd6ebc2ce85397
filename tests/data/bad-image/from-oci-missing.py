# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: context/../layout: No such file or directory
# args: build context


os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
