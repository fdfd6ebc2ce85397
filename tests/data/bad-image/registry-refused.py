# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker://localhost:1/none: skopeo: "initializing source docker://localhost:1/none:latest: pinging container registry localhost:1: Get \"https://localhost:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"
# status: 1
# args: unpack docker://localhost:1/none out
# needs: skopeo

