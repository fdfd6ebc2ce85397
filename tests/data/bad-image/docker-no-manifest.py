# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker-archive:image.tar: has no manifest.json
# args: unpack docker-archive:image.tar out
with open("image.tar", "wb") as f:
    f.write(tar(("file", "repositories", "{}")))
