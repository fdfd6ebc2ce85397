# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../tree: Not a directory
# args: build context
open("tree", "w").close()

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM dir:../tree\nNAME localhost/bad:1\n")
