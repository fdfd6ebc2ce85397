# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: image sha256:c0bc441e9089352d717dcaa144acff0cf5040a654bb428a75798bb8cc1b8587c: 1 layers in the manifest, 2 in the config's rootfs
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.diff_ids.append(image.diff_ids[0])
image.write()
