# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: indexes in indexes, more than 8 deep
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish()
for _ in range(40):
    inner = image.blob(image.index, INDEX)
    image.index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner]}
image.finish = lambda: image
image.write()
