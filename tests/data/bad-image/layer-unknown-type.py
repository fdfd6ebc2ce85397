# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: image sha256:824dcef30f36cb968a2b4c444eb29b1e6383f123948af241edbd499a5ab64f08: layers[0]: unsupported media type application/vnd.example.layer.v1.squashfs
# status: 7
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layers[0]["mediaType"] = "application/vnd.example.layer.v1.squashfs"
image.write()
