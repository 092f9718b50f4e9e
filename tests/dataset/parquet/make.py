"""Writes the Parquet files beside it: python3 make.py, with pyarrow installed."""

import base64
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
images = [
    {"bytes": PNG if i != 2 else None, "path": f"im{i}.png" if i != 3 else None} for i in range(5)
]
table = pa.table(
    {
        "image": pa.array(images, type=pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        "label": pa.array([0, 1, 1, 0, 1], pa.int64()),
        "patient": ["p0", "p1", "p2", "p3", None],
        "many": pa.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0]], pa.list_(pa.int64())),
        "age": pa.array([1, 2, 3, 4, 5], pa.int32()),
    }
)
features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
for codec in ["snappy", "zstd", "gzip", "brotli"]:
    path = Path(__file__).parent / f"{codec}.parquet"
    pq.write_table(table, path, compression=codec, row_group_size=2)

# Names without their folders, as Hugging Face writes them, of which some come again.
names = ["im.png", "other.png", "im.png", "cat/im.png", "cat/im.png"]
bare = pa.table(
    {
        "image": pa.array(
            [{"bytes": PNG, "path": name} for name in names],
            type=pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        ),
        "label": pa.array([0, 1, 2, 3, 4], pa.int64()),
    }
)
pq.write_table(bare, Path(__file__).parent / "bare.parquet", row_group_size=2)
