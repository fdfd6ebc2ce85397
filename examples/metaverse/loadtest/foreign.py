#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""foreign.py FOLDER - how many processors were busy during the class with what is neither a replica nor the load generator."""
import json
import os
import sys


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "samples.jsonl"), encoding="utf-8") as file:
        samples = [s for s in map(json.loads, file) if "services" in s]
    with open(os.path.join(folder, "result.json"), encoding="utf-8") as file:
        ours = json.load(file)["generator"]["cpu_s"]
    for before, after in zip(samples, samples[1:]):
        for name, service in after["services"].items():
            # a replica that went takes its seconds away with it
            ours += max(0, service["cpu_s"] - before["services"].get(name, {}).get("cpu_s", 0))
    first, last = samples[0], samples[-1]
    print(f'{max(0, last["busy_s"] - first["busy_s"] - ours) / (last["at"] - first["at"]):.2f}')


main()
