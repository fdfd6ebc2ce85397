# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/ca7446eee2949f004b9dc73750d6abfd9be1172ed29a08a14b0138a30e1e0f9c: rootfs.diff_ids[0]: expected a digest, got 'sha256:xyz'
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.diff_ids[0] = "sha256:xyz"
image.write()
