# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar: entry './': the root of an image can only be a folder
# args: build context
with open("base.tar", "wb") as f:
    f.write(tar(("link", "./", "/etc")))

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar\nNAME localhost/bad:1\n")
