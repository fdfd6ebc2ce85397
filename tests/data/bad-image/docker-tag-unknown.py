# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: docker-archive:image.tar: has no image 'two:2'; there is: one:1
# status: 1
# args: unpack docker-archive:image.tar:two:2 out
import json


def archive(manifest, *members):
    with open("image.tar", "wb") as f:
        f.write(tar(("file", "manifest.json", manifest if isinstance(manifest, str) else json.dumps(manifest)), *members))


layer = tar(("file", "x", "1"))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
archive([{"Config": "c.json", "RepoTags": ["one:1"], "Layers": ["l.tar"]}], ("file", "c.json", config), ("file", "l.tar", layer))
