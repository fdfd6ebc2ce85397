# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout/blobs/sha256/12ff9a002f864693bf155a677375b8c588835f87e3c372b9421461a1bc3fae35: No such file or directory
# args: build context
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.unlink(image.blob_path(image.layers[0]))

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
