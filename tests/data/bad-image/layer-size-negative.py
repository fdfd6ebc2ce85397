# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/89eedc6839a585523c2ed982c5e22f3d81f13ab3563443ce305fd50ded2e33b9: layers[0].size: expected integer from 0 to 9223372036854775807, got -5
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.layers[0]["size"] = -5
image.write()
