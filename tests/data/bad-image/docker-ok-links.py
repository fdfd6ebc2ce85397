# SPDX-License-Identifier: Apache-2.0
# args: unpack docker-archive:image.tar out
import json


def archive(manifest, *members):
    with open("image.tar", "wb") as f:
        f.write(tar(("file", "manifest.json", manifest if isinstance(manifest, str) else json.dumps(manifest)), *members))


layer = tar(("file", "x", "1"))
config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
# docker save has links among layers
archive([{"Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"]}], ("file", "c.json", config.replace("diff_ids\": [", f"diff_ids\": [\"{digest(layer)}\", ")), ("file", "a/layer.tar", compress(layer, "gzip")), ("link", "b/layer.tar", "../a/layer.tar"))


def check():
    assert open("out/x").read() == "1"
