# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/8ef809ce3bb06851604fc5b0ba6fc846fba64ab59733300e7557540cdca6ab92: rootfs.type: unknown value 'disk', expected one of: layers
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.config["rootfs"]["type"] = "disk"
image.write()
