"""Ingests a folder of pictures on Apache Spark.

The driver lists the pictures and numbers their classes; each partition hands its records, a JSON
object a line, to one `cassette ingest --stdin`, which reads the files, hashes, re-encodes and
writes them. What workers print, one JSON object each, is summed up.

    spark-submit examples/spark/ingest.py FOLDER "COMMAND" [--partitions N]

COMMAND is what a worker runs, such as
    "deno run -A jsr:@cassette/loader/cli ingest --stdin --cassandra 10.0.0.1 --keyspace imagenet"
FOLDER must be seen by all workers. Ingesting again goes on where a job ended.

A worker runs the command with its own environment, and with the variables CASSANDRA_* of the
driver, such as CASSANDRA_PASSWORD.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import unicodedata

from pyspark.sql import SparkSession

# Those of `cassette ingest FOLDER`.
PICTURES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff")
# What a worker's error begins and ends with, so that the driver finds it in Spark's.
BEGIN, END = "[cassette worker]", "[end]"
# Characters of what a worker wrote on standard error that are told.
TOLD = 4000


def list_pictures(folder):
    """Paths below the folder, with / between their parts."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(PICTURES):
                yield os.path.relpath(os.path.join(root, name), folder).replace(os.sep, "/")


def single(paths):
    """The paths, each once, and messages for those that differ from one in normalisation alone.

    Such a pair has one id, and its records may go to two workers, which do not know each other.
    """
    first, doubles = {}, []
    for path in paths:
        kept = first.setdefault(unicodedata.normalize("NFC", path), path)
        if kept is not path:
            doubles.append(f"{path!a} is left out as it has the id of {kept!a}")
    return list(first.values()), doubles


def ingest_with(command, variables):
    """What a partition does: hands its records to the command, and gives the lines it prints.

    `RDD.pipe` would start the command with an empty environment: no HOME, no certificates.
    """

    def ingest(records):
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            process = subprocess.Popen(
                command,
                env={**os.environ, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

            def feed():
                try:
                    with process.stdin as lines:
                        for record in records:
                            lines.write(record + "\n")
                except BrokenPipeError:
                    pass  # It has ended: its exit code and its errors say why.

            feeder = threading.Thread(target=feed)
            feeder.start()
            yield from process.stdout
            feeder.join()
            if process.wait() != 0:
                errors.seek(0)
                told = errors.read().strip()[-TOLD:]
                raise RuntimeError(f"{BEGIN} exit code {process.returncode}: {told} {END}")

    return ingest


def worker_error(error):
    """What a worker told, without Spark's stack; none where the error is of Spark itself."""
    found = re.search(f"{re.escape(BEGIN)}(.*?){re.escape(END)}", str(error), re.DOTALL)
    return found and found[1].strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("command")
    parser.add_argument("--partitions", type=int)
    args = parser.parse_args()
    folder = os.path.abspath(args.folder)

    paths, doubles = single(list_pictures(folder))
    for double in doubles:
        print(double, file=sys.stderr)
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

    variables = {name: value for name, value in os.environ.items() if name.startswith("CASSANDRA_")}
    spark = SparkSession.builder.appName("cassette ingest").getOrCreate()
    context = spark.sparkContext
    partitions = args.partitions or context.defaultParallelism
    failure = None
    # A worker that fails ends its task, and Spark runs it again: nothing is doubled by that.
    try:
        reports = (
            context.parallelize(paths, partitions)
            .map(record)
            .mapPartitions(ingest_with(shlex.split(args.command), variables))
            .map(json.loads)
            .collect()
        )
    except Exception as error:
        failure = worker_error(error)
        if failure is None:
            raise
    finally:
        spark.stop()
    if failure is not None:
        # After all that Spark has to say.
        print(f"a worker failed: {failure}", file=sys.stderr)
        sys.exit(2)

    keys = ("written", "replaced", "unchanged", "bytes", "rejectedCount")
    total = {key: sum(report.get(key, 0) for report in reports) for key in keys}
    total["rejectedCount"] += len(doubles)
    total["partitions"] = len(reports)
    total["classes"] = len(classes)
    total["rejected"] = doubles + [path for report in reports for path in report["rejected"]]
    print(json.dumps(total))
    sys.exit(1 if total["rejectedCount"] else 0)


if __name__ == "__main__":
    main()
