# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: image sha256:4a27a8c0af81d0841140fffee2efb9c55b4178802f0d68c1a12ace194ea64b8c: layers[0]: unsupported media type application/vnd.oci.image.layer.v1.tar+gzip+encrypted
# status: 7
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layers[0]["mediaType"] = LAYER + "+gzip+encrypted"
image.write()
