# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: is no regular file
# status: 1
# args: unpack oci-archive:image.tar out
os.mkdir("image.tar")
