# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: layout/oci-layout:1:1: invalid JSON: unexpected character
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layout = b"imageLayoutVersion: 1.0.0"
image.write()
