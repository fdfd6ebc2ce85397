# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: nothing: No such file or directory
# status: 1
# args: unpack oci:nothing out

