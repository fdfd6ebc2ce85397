# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: is no tar archive
# args: unpack oci-archive:image.tar out
with open("image.tar", "w") as f:
    f.write("hello\n" * 1000)
