# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: docker://localhost:1/none:1: skopeo: "initializing source docker://localhost:1/none:1: pinging container registry localhost:1: Get \"https://localhost:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"
# args: build context
# needs: skopeo


os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM docker://localhost:1/none:1\nNAME localhost/bad:1\n")
