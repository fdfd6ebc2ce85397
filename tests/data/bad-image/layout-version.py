# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: layout/oci-layout: imageLayoutVersion: expected 1.0.0, got '2.0.0'
# status: 7
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layout = {"imageLayoutVersion": "2.0.0"}
image.write()
