# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci-archive:context/../image.tar: has no blobs/sha256/@NAME@, a layer of the image
# args: build context
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.unlink(image.blob_path(image.layers[0]))
words["NAME"] = image.layers[0]["digest"][7:]
pack("layout", "image.tar")

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci-archive:../image.tar\nNAME localhost/bad:1\n")
