# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: @WORK@/store: no image 'localhost/never:1': there is none
# status: 4
# args: build context


os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM store:localhost/never:1\nNAME localhost/bad:1\n")
