# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/1cb47bb6e54d44801bae6399e8d25e0a9f4331eecb7c263a51a3bd3fc429cd98: a document of 5243321 bytes; at most 4 MiB
# status: 1
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.manifest["annotations"] = {"x": "y" * (5 << 20)}
image.write()
