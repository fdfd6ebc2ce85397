# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: No such file or directory
# status: 1
# args: unpack oci-archive:image.tar out

