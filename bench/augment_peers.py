"""The peers' side of augment_peers.ts: reads job.json, prints how far off each operator is, as JSON."""

import json
import sys

import nvidia.dali.fn as fn
import nvidia.dali.types as types
import numpy as np
from nvidia.dali import pipeline_def
from PIL import Image, ImageEnhance, ImageOps  # noqa: F401, named by the job

BORDER = 3

folder = sys.argv[1]
with open(f"{folder}/job.json") as file:
    job = json.load(file)


def read(name, width, height):
    return np.fromfile(f"{folder}/{name}", np.uint8).reshape(height, width, 3)


picture = read("input", job["width"], job["height"])


def in_dali(code):
    @pipeline_def(batch_size=1, num_threads=1, device_id=None)
    def pipeline():
        im = fn.external_source(lambda: [picture], layout="HWC")
        return eval(code, {"fn": fn, "types": types, "im": im})

    pipe = pipeline()
    pipe.build()
    return np.array(pipe.run()[0][0])


def in_pillow(code):
    return np.asarray(eval(code, {**globals(), "im": Image.fromarray(picture)}))


results = []
for case in job["cases"]:
    run = in_dali if case["peer"] == "DALI" else in_pillow
    want = run(case["python"]).astype(int)
    if want.shape != (case["height"], case["width"], 3):
        sys.exit(f"{case['name']}: {want.shape} is not {case['height']} x {case['width']}")
    off = np.abs(read(case["file"], case["width"], case["height"]).astype(int) - want)
    inside = off[BORDER:-BORDER, BORDER:-BORDER]
    results.append(
        {
            "peer": case["peer"],
            "name": case["name"],
            "worst": int(off.max()),
            "above": float((off > 1).mean()),
            "inside": float((inside > 1).mean()),
        }
    )
print(json.dumps(results))
