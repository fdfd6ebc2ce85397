# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/f2aa43f5e744b9b8bab1f8ee281bcecee8d04f4cb3f8c91b998737378e74b8b5: config: required field is missing
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
del image.manifest["config"]
image.write()
