# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: layout/oci-layout: imageLayoutVersion: required field is missing
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layout = {}
image.write()
