# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/c13fa553e1055251cf740a20143eae1fe749951aae37190215f3b130f3053b6e: manifests: does not belong in this kind of document
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
# CVE-2021-41190
image.manifest["manifests"] = []
image.write()
