"""Ingests a folder of pictures on Apache Spark.

The driver lists the pictures and numbers their classes; each partition pipes its records, a JSON
object a line, into one `cassette ingest --stdin`, which reads the files, hashes, re-encodes and
writes them. What workers print, one JSON object each, is summed up.

    spark-submit examples/spark/ingest.py FOLDER "COMMAND" [--partitions N]

COMMAND is what a worker runs, such as
    "deno run -A jsr:@cassette/loader/cli ingest --stdin --cassandra 10.0.0.1 --keyspace imagenet"
FOLDER must be seen by all workers. Ingesting again goes on where a job ended.
"""

import argparse
import json
import os
import shlex
import sys

from pyspark.sql import SparkSession

PICTURES = (".jpg", ".jpeg", ".png")


def list_pictures(folder):
    """Paths below the folder, with / between their parts."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(PICTURES):
                yield os.path.relpath(os.path.join(root, name), folder).replace(os.sep, "/")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("command")
    parser.add_argument("--partitions", type=int)
    args = parser.parse_args()
    folder = os.path.abspath(args.folder)

    paths = list(list_pictures(folder))
    classes = sorted({path.split("/")[0] if "/" in path else "" for path in paths})
    numbers = {name: number for number, name in enumerate(classes)}

    def record(path):
        name = path.split("/")[0] if "/" in path else ""
        return json.dumps(
            {
                "path": path,
                "class": name,
                "label": numbers[name],
                "file": os.path.join(folder, path),
            }
        )

    spark = SparkSession.builder.appName("cassette ingest").getOrCreate()
    context = spark.sparkContext
    partitions = args.partitions or context.defaultParallelism
    # A worker that fails ends its task, and Spark runs it again: nothing is doubled by that.
    reports = (
        context.parallelize(paths, partitions)
        .map(record)
        .pipe(shlex.join(shlex.split(args.command)), checkCode=True)
        .map(json.loads)
        .collect()
    )
    spark.stop()

    keys = ("written", "unchanged", "bytes", "rejectedCount")
    total = {key: sum(report[key] for report in reports) for key in keys}
    total["partitions"] = len(reports)
    total["classes"] = len(classes)
    total["rejected"] = [path for report in reports for path in report["rejected"]]
    print(json.dumps(total))
    sys.exit(1 if total["rejectedCount"] else 0)


if __name__ == "__main__":
    main()
