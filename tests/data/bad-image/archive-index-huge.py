# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: index.json has 5243230 bytes, a document has at most 4194304
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["annotations"] = {"x": "y" * (5 << 20)}
image.write()
pack("layout", "image.tar")
