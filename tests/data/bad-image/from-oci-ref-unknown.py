# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout: no image 'nobody:2': there is localhost/test:1
# status: 4
# args: build context
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout:nobody:2\nNAME localhost/bad:1\n")
