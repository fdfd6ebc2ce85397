# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/index.json: manifests[0].size: expected integer, got string
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"][0]["size"] = "12"
image.write()
