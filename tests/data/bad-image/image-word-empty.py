# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: 'oci:': expected oci:PATH[:REF]
# status: 2
# args: unpack oci: out

