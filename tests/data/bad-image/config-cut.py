# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/fde99359b4b191f8b922ed49bd738a0ac4f85bd4eeb40016321be499699c06bf: expected 186 bytes, there are 10
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.truncate(image.blob_path(image.manifest["config"]), 10)
