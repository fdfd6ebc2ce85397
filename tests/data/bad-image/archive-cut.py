# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: tar: Truncated tar archive
# args: unpack oci-archive:image.tar out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
pack("layout", "image.tar")
os.truncate("image.tar", 2000)
