"""Inserts a folder of pictures with the Python driver's own helper, and times it."""

import hashlib
import sys
import time
import uuid
from pathlib import Path

from cassandra.cluster import Cluster, NoHostAvailable
from cassandra.concurrent import execute_concurrent_with_args

folder, host, port, keyspace, concurrency = sys.argv[1:]
cluster = Cluster([host], port=int(port))
session = cluster.connect(keyspace)
# Ten seconds, the default, are not enough where a machine does much else.
session.default_timeout = 120
data = session.prepare("INSERT INTO data (id, label, data) VALUES (?, ?, ?)")
metadata = session.prepare(
    "INSERT INTO metadata (id, path, class, bytes, hash, origin, label) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
paths = sorted(Path(folder).rglob("*.jpg"))
labels = {name: i for i, name in enumerate(sorted({path.parent.name for path in paths}))}


def rows(kind):
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        key = uuid.uuid5(uuid.NAMESPACE_URL, name)
        label = labels[path.parent.name]
        blob = path.read_bytes()
        if kind == "data":
            yield key, label, blob
        else:
            digest = hashlib.sha256(blob).digest()
            yield key, name, path.parent.name, len(blob), digest, digest[:16], label


def insert():
    for statement, kind in [(data, "data"), (metadata, "metadata")]:
        execute_concurrent_with_args(
            session, statement, rows(kind), concurrency=concurrency, raise_on_first_error=True
        )


# With large blobs the driver calls a host overloaded once its socket takes no more, and there is no
# other host: the most that works is what a user would come to.
concurrency = int(concurrency)
while True:
    try:
        for _ in range(2):
            insert()
        break
    except NoHostAvailable:
        if concurrency == 1:
            raise
        concurrency //= 2
        time.sleep(2)
print(f"ready, concurrency {concurrency}", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    while True:
        try:
            insert()
            break
        except NoHostAvailable:
            concurrency = max(1, concurrency // 2)
            time.sleep(2)
            start = time.perf_counter()
    print(f"{len(paths)} {time.perf_counter() - start}", flush=True)
cluster.shutdown()
