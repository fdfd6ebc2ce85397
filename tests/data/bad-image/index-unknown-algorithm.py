# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: descriptor: digest md5:00000000000000000000000000000000: only sha256 is supported
# status: 7
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"][0]["digest"] = "md5:" + "0" * 32
image.write()
