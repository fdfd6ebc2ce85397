# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci-archive:image.tar: entry '../outside/secret': '..' in '../outside/secret'
# args: unpack oci-archive:image.tar out
with open("image.tar", "wb") as f:
    f.write(tar(("file", "../outside/secret", "x")))
