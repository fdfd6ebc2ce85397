# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: is empty
# args: unpack oci-archive:image.tar out
open("image.tar", "w").close()
