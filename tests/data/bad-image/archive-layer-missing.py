# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: has no blobs/sha256/@NAME@, a layer of the image
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.unlink(image.blob_path(image.layers[0]))
words["NAME"] = image.layers[0]["digest"][7:]
pack("layout", "image.tar")
