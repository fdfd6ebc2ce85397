# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/0ef0f2e89bbeef8884e9251104f818e153b239667298c9aa8399816a487d9883:1:1: invalid JSON: unexpected character
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.config = b"os: linux"
image.write()
