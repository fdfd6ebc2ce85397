# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/12ff9a002f864693bf155a677375b8c588835f87e3c372b9421461a1bc3fae35: No such file or directory
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.unlink(image.blob_path(image.layers[0]))
