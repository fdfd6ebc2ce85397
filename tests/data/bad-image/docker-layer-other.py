# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker-archive:image.tar: layer @HAVE@: the digest of its tar is @HAVE@, not @WANT@
# args: unpack docker-archive:image.tar out
import json


def archive(manifest, *members):
    with open("image.tar", "wb") as f:
        f.write(tar(("file", "manifest.json", manifest if isinstance(manifest, str) else json.dumps(manifest)), *members))


layer = tar(("file", "x", "1"))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
other = tar(("file", "x", "2"))
archive([{"Config": "c.json", "Layers": ["l.tar"]}], ("file", "c.json", config), ("file", "l.tar", other))
words["HAVE"], words["WANT"] = digest(other), digest(layer)
