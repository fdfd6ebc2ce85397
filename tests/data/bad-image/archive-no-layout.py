# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: has no oci-layout
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.unlink("layout/oci-layout")
pack("layout", "image.tar")
