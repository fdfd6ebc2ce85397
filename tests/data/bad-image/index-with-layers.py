# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/index.json: config: does not belong in this kind of document
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
# to one reader an index, to another a manifest (CVE-2021-41190)
image.finish()
image.index.update(image.manifest, mediaType=INDEX)
image.write()
