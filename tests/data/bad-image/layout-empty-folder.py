# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: layout: is no OCI image layout: it has no file oci-layout
# status: 1
os.mkdir("layout")
