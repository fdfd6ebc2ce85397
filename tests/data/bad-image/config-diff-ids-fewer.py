# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: image sha256:a0f85b4d21a94fdb19ebb42f8dc80f43830c0e7bc9aa0b651131090adfa857c8: 1 layers in the manifest, 0 in the config's rootfs
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.diff_ids.pop()
image.write()
