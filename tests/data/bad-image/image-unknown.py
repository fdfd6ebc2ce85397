# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: @WORK@/store: no image 'localhost/never/built:1': there is none
# status: 4
# args: unpack localhost/never/built:1 out

