# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/12ff9a002f864693bf155a677375b8c588835f87e3c372b9421461a1bc3fae35: expected 10240 bytes, there are 10241
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
with open(image.blob_path(image.layers[0]), "ab") as f:
    f.write(b"x")
